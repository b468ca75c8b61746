"""What kills under load do to a contender's tasks: lost, stuck, duplicated, recovered.

Every kill that counts was seen to land in the middle of a body. What became of the tasks is told by
the ledger, which the bodies write themselves; the queue is asked only what it still holds.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import statistics
import subprocess
import time
from typing import TYPE_CHECKING, Final

from engine.contenders import tables
from engine.contenders.contender import ContenderError
from engine.contenders.django_queue import DjangoQueue
from engine.project.ledger import Kind, Record, read_ledger
from loadtests.fleet import environment_of, working_fleet
from loadtests.kills import Bodies, Fault, Kill, Killer
from loadtests.roll_call import FIRST_KEY
from reports.load_schema import Semantics
from reports.load_steps import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.contenders.contender import Contender, Site
    from loadtests.fleet import Fleet
    from loadtests.plans import SemanticsPlan

AIM_SECONDS: Final = 30.0
"""A contender that runs no body to be hit for so long is not going to be hit again."""

PATIENCE_FACTOR: Final = 10
"""A queue that is always just about to end is left after so many times the patience."""

_LOOK_SECONDS: Final = 0.01
_END_SECONDS: Final = 10.0
# By its first table, where a queue notes the tasks that it gave up: a table and a condition.
_GIVEN_UP: Final = {
    "background_task_scheduledtask": ("background_task_failedtask", "1 = 1"),
    "django_tasks_database_dbtaskresult": (
        "django_tasks_database_dbtaskresult",
        "status = 'FAILED'",
    ),
    "background_task": ("background_task_completedtask", "failed_at IS NOT NULL"),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fates:
    """What became of the tasks of a trial; see ``reports.load_schema.Semantics``."""

    kills: int
    acknowledged: int
    lost: int
    stuck: int
    duplicated: int
    recovered: int
    recovery_ms_p50: float | None
    recovery_ms_max: float | None


def run_trial(
    contender: Contender,
    site: Site,
    plan: SemanticsPlan,
    fault: Fault,
    *,
    seed: int = 0,
    on_tick: Callable[[int], None] = lambda _kills: None,
) -> Semantics:
    """Kill workers of a prepared contender under load, and say what became of the tasks.

    The queue is emptied first, and there are as many processes as the plan has; none is left when
    this returns. Fewer kills than planned are a result too: the contender came back too slowly to
    be hit again. ``on_tick`` is called with the number of kills so far, many times a second.

    Raises:
        ContenderError: the contender could not be emptied or asked, did not take the load, or its
            workers did not start or will not stay.
    """
    site = dataclasses.replace(site, processes=plan.workers)
    contender.empty(site)
    with working_fleet(contender, site, site.folder / "logs") as fleet:
        bodies = Bodies(site.ledger)
        killer = Killer(bodies, fault=fault, work_ms=plan.work_ms, seed=seed)
        with _load(contender, site, plan) as check:

            def on_look(kills: int) -> None:
                check()
                on_tick(kills)

            _kill(fleet, bodies, killer, plan, on_look)
        _await_ends(fleet, bodies, plan.patience_seconds, lambda: on_tick(len(killer.kills)))
    held, given_up = contender.held(site), _given_up(contender, site)
    fates = fates_of(read_ledger(site.ledger), killer.kills, held=held, given_up=given_up or 0)
    if not fates.acknowledged:
        raise ContenderError(f"{contender.name} acknowledged no task of the trial of its kills")
    return Semantics(
        target=Target(
            contender=contender.name,
            database=site.database.name if contender.databases else None,
        ),
        fault=fault,
        dead_lettered=given_up,
        patience_seconds=plan.patience_seconds,
        **dataclasses.asdict(fates),
    )


def fates_of(
    records: Sequence[Record], kills: Sequence[Kill], *, held: int, given_up: int
) -> Fates:
    """Judge a trial.

    Args:
        records: in the order of their times.
        kills: one whose body ended nevertheless does not count.
        held: how many tasks the queue holds in the end.
        given_up: how many it gave up by its own rules, and kept where people find them.
    """
    records = [record for record in records if record.key < FIRST_KEY]
    acknowledged = {record.key for record in records if record.kind == Kind.ACKNOWLEDGED}
    ends = collections.Counter(record.key for record in records if record.kind == Kind.ENDED)
    ended_at = {(record.key, record.pid) for record in records if record.kind == Kind.ENDED}
    landed = [kill for kill in kills if (kill.key, kill.pid) not in ended_at]
    recoveries = [found for kill in landed if (found := _recovery_ms(records, kill)) is not None]
    unfinished = len(acknowledged - set(ends))
    return Fates(
        kills=len(landed),
        acknowledged=len(acknowledged),
        lost=max(0, unfinished - held - given_up),
        stuck=min(unfinished, held),
        duplicated=sum(count > 1 for count in ends.values()),
        recovered=len(recoveries),
        recovery_ms_p50=round(statistics.median(recoveries), 1) if recoveries else None,
        recovery_ms_max=round(max(recoveries), 1) if recoveries else None,
    )


def _recovery_ms(records: Sequence[Record], kill: Kill) -> float | None:
    for record in records:
        is_start = record.kind == Kind.STARTED and record.key == kill.key
        if is_start and record.time_ns > kill.time_ns:
            return (record.time_ns - kill.time_ns) / 1e6
    return None


@contextlib.contextmanager
def _load(contender: Contender, site: Site, plan: SemanticsPlan) -> Iterator[Callable[[], None]]:
    """Send a steady load until the end of the block, which is given a check that it is sent.

    The check raises ContenderError if the producer has ended.
    """
    log = site.folder / "logs" / "producer.log"
    numbers = (plan.rate, plan.work_ms, _limit_seconds(plan))
    with log.open("ab") as output:
        process = subprocess.Popen(
            (
                *(str(contender.python()), "-m", "loadtests.semantics_producer"),
                *(contender.producer, *map(str, numbers)),
            ),
            env=environment_of(contender, site),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )

    def check() -> None:
        if process.poll() is not None:
            last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise ContenderError(f"the producer of {contender.name} ended during a trial: {last}")

    # An enqueue that hangs is cut short: what it was told until then is in the ledger.
    with _ended(process):
        yield check


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process with the block: by the end of its input, and by force if that is in vain."""
    try:
        yield
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_END_SECONDS)
    finally:
        process.kill()
        process.communicate()


def _kill(
    fleet: Fleet,
    bodies: Bodies,
    killer: Killer,
    plan: SemanticsPlan,
    on_tick: Callable[[int], None],
) -> None:
    """Kill as often as planned, or until no body could be hit for too long."""
    next_at = time.monotonic()
    while len(killer.kills) < plan.kills and time.monotonic() < next_at + AIM_SECONDS:
        _tick(fleet, bodies)
        on_tick(len(killer.kills))
        if time.monotonic() >= next_at and killer.kill_one(fleet.pids()):
            next_at = time.monotonic() + plan.seconds_between_kills


def _await_ends(
    fleet: Fleet, bodies: Bodies, patience_seconds: float, on_tick: Callable[[], None]
) -> None:
    """Return when all acknowledged tasks have ended, or none has for the time of the patience."""
    begun = last_end_at = time.monotonic()
    bodies.look()
    left = len(bodies.acknowledged - bodies.ended)
    while left and time.monotonic() < last_end_at + patience_seconds:
        if time.monotonic() > begun + PATIENCE_FACTOR * patience_seconds:
            return
        _tick(fleet, bodies)
        on_tick()
        before, left = left, len(bodies.acknowledged - bodies.ended)
        if left < before:
            last_end_at = time.monotonic()


def _tick(fleet: Fleet, bodies: Bodies) -> None:
    fleet.tend()
    time.sleep(_LOOK_SECONDS)
    bodies.look()


def _limit_seconds(plan: SemanticsPlan) -> float:
    return plan.kills * (plan.seconds_between_kills + AIM_SECONDS)


def _given_up(contender: Contender, site: Site) -> int | None:
    """Count the tasks that the queue itself calls given up; None if it cannot tell."""
    if not isinstance(contender, DjangoQueue) or contender.tables[0] not in _GIVEN_UP:
        return None
    table, condition = _GIVEN_UP[contender.tables[0]]
    with tables.asking(contender.name, site.database) as cursor:
        return tables.count(cursor, table, condition)
