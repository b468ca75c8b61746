"""Races of those who say the same twice: at once, and again because they heard no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import Error

from background_task import background, cron_schedule
from background_task.models import AttemptError
from background_task.registry import registry
from properties.races.claiming import check_late_heartbeat
from properties.races.enqueueing import check_chain, tick
from properties.races.race import Ground, Programs, Race

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Claim
    from properties.interleaving import Play
    from properties.races.actors import Worker


def _do_nothing() -> None:
    """Be scheduled."""


yearly: Final = background(name="properties.yearly", cron="30 4 1 1 *")(_do_nothing)
# Only those who declare it know it: other tests declare what is registered.
del registry[yearly.name]


def _twice(ground: Ground, act: Callable[[], Any]) -> Programs:
    """Return two who do the same; each does it again if the connection is lost on the way."""

    def until_heard() -> None:
        try:
            act()
        except Error:
            ground.database.forget_connection()
            act()

    return {"once": until_heard, "again": until_heard}


def _running(ground: Ground, **options: Any) -> tuple[Worker, Claim]:
    """Return a worker, and the one task that it is done with."""
    ground.producer("setup").enqueue(**options)
    worker = ground.worker("worker")
    (claim,) = worker.claim()
    worker.run(claim)
    return worker, claim


def _finish(ground: Ground) -> Programs:
    worker, claim = _running(ground)
    return _twice(ground, lambda: worker.finish(claim))


def _tick(ground: Ground) -> Programs:
    worker, claim = _running(ground, task=tick, repeat=3600)
    return _twice(ground, lambda: worker.finish(claim))


def _fail(ground: Ground) -> Programs:
    worker, claim = _running(ground)
    return _twice(ground, lambda: worker.fail(claim))


def _check_failure(_: Ground, __: Play) -> str | None:
    """What went wrong is written down once for each attempt."""
    errors = AttemptError.objects.count()
    return f"conservation: one attempt has {errors} errors" if errors > 1 else None


def _heartbeat(ground: Ground) -> Programs:
    """Whoever looks for leases that ran out does so when the lease of the claim would have."""
    worker, claim = _running(ground)
    ground.clock.seconds += 400
    reaper = ground.worker("reaper")

    def look_later() -> None:
        ground.clock.seconds += 400
        reaper.reap()

    return {**_twice(ground, lambda: worker.heartbeat(claim)), "reaper": look_later}


def _reap(ground: Ground) -> Programs:
    ground.fill(2)
    ground.worker("zombie").claim(2)
    ground.let_leases_run_out()
    reaper = ground.worker("reaper")
    return _twice(ground, reaper.reap)


def _check_reaped(ground: Ground, _: Play) -> str | None:
    rows = [event.row for event in ground.story.of("reaped")]
    if len(rows) > len(set(rows)):
        return f"unjustified-redelivery: rows {rows} were taken back"
    return None


def _declare(ground: Ground) -> Programs:
    worker = ground.worker("worker")
    return _twice(ground, lambda: worker.again(lambda: cron_schedule.declare(ground.database)))


RACES = (
    Race(name="finish twice", sessions=2, begin=_finish),
    Race(name="tick twice", sessions=2, begin=_tick, check=check_chain),
    Race(name="fail twice", sessions=2, begin=_fail, check=_check_failure),
    Race(name="heartbeat twice", sessions=3, begin=_heartbeat, check=check_late_heartbeat),
    Race(name="reap twice", sessions=2, begin=_reap, check=_check_reaped),
    Race(name="declare twice", sessions=2, begin=_declare, registered=(yearly,)),
)
