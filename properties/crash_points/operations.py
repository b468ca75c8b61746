"""The operations of the queue, each as one program that is played alone, from empty tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from django.db import Error, InterfaceError, transaction

from background_task import cron_schedule, pruning, settings
from background_task.attempt import run_attempt
from background_task.models import CompletedTask, FailedTask
from background_task.outcomes import Failed
from background_task.registry import registry
from background_task.requeue import requeue
from engine.project.tasks import send_mail
from properties.crash_points.snapshot import forget_mails
from properties.races.enqueueing import pay_once, tick, write_atomically
from properties.races.twice import yearly

if TYPE_CHECKING:
    from background_task.claims import Claim
    from properties.races.race import Ground

Program = Callable[[], Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        begin: fills the tables and returns what is to be played.
        is_repeated: whether its caller does it again after a failure; workers recover the others.
    """

    name: str
    begin: Callable[[Ground], Program]
    is_repeated: bool = False

    def prepare(self, ground: Ground) -> Program:
        """Fill the tables and return the program."""
        forget_mails()
        return self.begin(ground)


NAME: Final = "operation"
"""Who carries it out."""


def _held(ground: Ground, count: int = 1) -> list[Claim]:
    """Return the claims of all that is there, and of so many more; their bodies have run."""
    ground.fill(count)
    worker = ground.worker(NAME)
    claimed = worker.claim(count + 1)
    for claim in claimed:
        worker.run(claim)
    return claimed


def _claim(ground: Ground) -> Program:
    ground.fill(2)
    return lambda: ground.worker(NAME).claim(2)


def _run(ground: Ground) -> Program:
    ground.fill(1)
    return ground.worker(NAME).work


def _finish(ground: Ground, count: int = 1) -> Program:
    held = _held(ground, count)
    return lambda: ground.worker(NAME).finish(*held)


def _finish_with_window(ground: Ground) -> Program:
    ground.producer("setup").enqueue(task=pay_once)
    held = _held(ground, 0)
    return lambda: ground.worker(NAME).finish(*held)


def _tick(ground: Ground) -> Program:
    ground.producer("setup").enqueue(task=tick, repeat=7200)
    held = _held(ground, 0)
    return lambda: ground.worker(NAME).finish(*held)


def _fail(ground: Ground, **options: Any) -> Program:
    held = _held(ground)
    return lambda: ground.worker(NAME).fail(*held, **options)


def _release(ground: Ground) -> Program:
    ground.fill(1)
    worker = ground.worker(NAME)
    held = worker.claim()
    return lambda: worker.release(*held)


def _release_forgotten(ground: Ground) -> Program:
    ground.fill(1)
    worker = ground.worker(NAME)
    worker.claim()
    return worker.forget


def _heartbeat(ground: Ground) -> Program:
    ground.fill(2)
    worker = ground.worker(NAME)
    held = worker.claim(2)
    ground.clock.seconds += 400
    return lambda: worker.heartbeat(*held)


def _reap(ground: Ground) -> Program:
    _held(ground)
    ground.let_leases_run_out()
    return ground.worker("reaper").reap


def _reap_last(ground: Ground) -> Program:
    ground.fill(1)
    worker = ground.worker("zombie")
    for _ in range(2):
        worker.fail(*worker.claim())
    worker.claim()
    ground.let_leases_run_out()
    return ground.worker(NAME).reap


def _enqueue(ground: Ground, **options: Any) -> Program:
    return lambda: ground.producer(NAME).enqueue(**options)


def _replace(ground: Ground) -> Program:
    """A call replaces an equal one that waits for its retry: one of them is there."""
    ground.deleted.add(ground.producer("setup").enqueue())
    worker = ground.worker("setup worker")
    worker.fail(*worker.claim(), retry_in=3600.0)
    return lambda: ground.producer(NAME).enqueue(remove_existing_tasks=True)


def _enqueue_until_heard(ground: Ground) -> Program:
    """A caller that gets an error calls again, as after a lost answer."""

    def call() -> int:
        try:
            return ground.producer(NAME).enqueue()
        except Error:
            ground.database.forget_connection()
            return ground.producer(NAME).enqueue()

    return call


def _enqueue_in_transaction(ground: Ground) -> Program:
    """Two calls are parts of what their caller does: all of it is there, or none."""
    producer = ground.producer(NAME)

    def call() -> list[Any]:
        with transaction.atomic(using=ground.database.alias):
            task: Any = send_mail
            return [task(order) for order in ("one", "other")]

    def tell() -> None:
        for row in producer.again(call):
            ground.story.tell("enqueued", row.pk, by=NAME)

    return tell


def _enqueue_and_roll_back(ground: Ground) -> Program:
    return ground.producer(NAME).enqueue_and_roll_back


def _enqueue_many(ground: Ground) -> Program:
    ground.fill(1)
    return lambda: ground.producer(NAME).enqueue_many("order-0", "a", "b", "c")


def _enqueue_many_with_window(ground: Ground) -> Program:
    return lambda: ground.producer(NAME).enqueue_many("a", "b", task=pay_once)


def _fail_for_good(ground: Ground, count: int) -> list[int]:
    rows = ground.fill(count)
    worker = ground.worker("zombie")
    worker.fail(*worker.claim(count), is_final=True)
    return rows


def _requeue(ground: Ground) -> Program:
    rows = _fail_for_good(ground, 2)
    return lambda: ground.worker(NAME).again(lambda: requeue(ground.database, rows))


def _prune(ground: Ground) -> Program:
    ground.deleted |= set(_fail_for_good(ground, 2))
    rows = FailedTask.objects.order_by("failed_at")
    return lambda: ground.worker(NAME).again(
        lambda: list(pruning.remove(ground.database, rows, batch=10))
    )


def _prune_completed(ground: Ground) -> Program:
    held = _held(ground, 2)
    ground.worker(NAME).finish(*held)
    ground.deleted |= {claim.id for claim in held}
    rows = CompletedTask.objects.order_by("completed_at")
    return lambda: ground.worker(NAME).again(
        lambda: list(pruning.remove(ground.database, rows, batch=10))
    )


def _atomic_body(ground: Ground) -> Program:
    ground.producer("setup").enqueue(task=write_atomically)
    (claim,) = ground.worker(NAME).claim()
    ground.story.tell_of("effect", claim, by="body")

    def run() -> None:
        with mock.patch.dict(registry, {write_atomically.name: write_atomically}):
            ended = run_attempt(claim, settings.read())
        if isinstance(ended, Failed):
            raise InterfaceError(ended.error)

    return run


def _declare(ground: Ground) -> Program:
    def declare() -> None:
        with mock.patch.dict(registry, {yearly.name: yearly}, clear=True):
            ground.worker(NAME).again(lambda: cron_schedule.declare(ground.database))

    return declare


_ALL: Final = (
    Operation(name="claim", begin=_claim),
    Operation(name="run", begin=_run),
    Operation(name="finish", begin=_finish),
    Operation(name="finish a batch", begin=lambda ground: _finish(ground, 3)),
    Operation(name="finish with a window", begin=_finish_with_window),
    Operation(name="periodic tick", begin=_tick),
    Operation(name="fail", begin=_fail),
    Operation(name="retry", begin=lambda ground: _fail(ground, retry_in=3600.0)),
    Operation(name="discard", begin=lambda ground: _fail(ground, is_final=True)),
    Operation(name="release", begin=_release),
    Operation(name="release what was forgotten", begin=_release_forgotten),
    Operation(name="heartbeat", begin=_heartbeat),
    Operation(name="reap", begin=_reap),
    Operation(name="reap to a dead letter", begin=_reap_last),
    Operation(name="enqueue", begin=_enqueue, is_repeated=True),
    Operation(name="enqueue until heard", begin=_enqueue_until_heard, is_repeated=True),
    Operation(name="enqueue and replace", begin=_replace, is_repeated=True),
    Operation(name="enqueue in a transaction", begin=_enqueue_in_transaction),
    Operation(name="enqueue and roll back", begin=_enqueue_and_roll_back),
    Operation(
        name="enqueue with a window",
        begin=lambda ground: _enqueue(ground, task=pay_once),
        is_repeated=True,
    ),
    Operation(name="bulk enqueue", begin=_enqueue_many, is_repeated=True),
    Operation(name="bulk enqueue with a window", begin=_enqueue_many_with_window),
    Operation(name="requeue", begin=_requeue, is_repeated=True),
    Operation(name="prune failed tasks", begin=_prune, is_repeated=True),
    Operation(name="prune completed tasks", begin=_prune_completed, is_repeated=True),
    Operation(name="atomic body", begin=_atomic_body),
    Operation(name="declare cron", begin=_declare, is_repeated=True),
)
OPERATIONS: Final = {operation.name: operation for operation in _ALL}
