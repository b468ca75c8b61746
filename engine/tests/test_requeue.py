"""Requeue: a failed task waits again, as the same task, once, and never beside an equal one."""

from __future__ import annotations

import dataclasses
import datetime
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from background_task.models import AttemptError, FailedTask, HeldHash, ScheduledTask
from background_task.outcomes import Failed, Finished
from background_task.requeue import BATCH, Requeued, requeue
from engine.project.tasks import send_mail
from engine.tests.steps import claim, every_row, record
from engine.tests.threads import threads

if TYPE_CHECKING:
    from pytest_django import Settings as ProjectSettings

    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

mail: Any = send_mail


def _fail(database: QueueDatabase, terms: Terms, *orders: str, **options: Any) -> list[int]:
    """Let tasks fail for good; return their ids."""
    for order in orders:
        mail(order, **options)
    claimed = claim(database, dataclasses.replace(terms, max_attempts=1))
    record(database, *[Failed(claim=held, error="no paper", retry_in=None) for held in claimed])
    return [held.id for held in claimed]


def test_a_failed_task_waits_again(database: QueueDatabase, terms: Terms) -> None:
    """It is the same task: its id, its token and what was asked for; its attempts are all back."""
    options = {"queue": "slow", "priority": 3, "unique_for": 60.0, "timeout": 8.5}
    proxy_options = dataclasses.replace(mail.options, **options)
    (id_,) = _fail(database, terms, "a", queue="slow", priority=3)
    FailedTask.objects.update(timeout_seconds=proxy_options.timeout, max_attempts=7)
    failed = FailedTask.objects.get()

    assert requeue(database, [id_]) == Requeued(requeued=1, duplicates=0)

    row = ScheduledTask.objects.get()
    assert not FailedTask.objects.exists()
    same = ("id", "task_name", "task_params", "task_hash", "queue", "priority", "created_at")
    for name in (*same, "token", "slot_at", "timeout_seconds", "max_attempts"):
        assert getattr(row, name) == getattr(failed, name)
    assert (row.attempts, row.lease_until, row.live_hash) == (0, None, row.task_hash)
    (held,) = claim(database, terms)
    assert (held.id, held.attempt, held.token) == (id_, 1, failed.token + 1)


def test_the_history_of_errors_stays(database: QueueDatabase, terms: Terms) -> None:
    """It goes on in the next attempts."""
    ids = _fail(database, terms, "a")
    requeue(database, ids)
    (held,) = claim(database, terms)
    record(database, Failed(claim=held, error="no ink", retry_in=0.0))

    errors = AttemptError.objects.filter(task_id=held.id).order_by("id")
    assert [error.traceback for error in errors] == ["no paper", "no ink"]


def test_a_task_stays_failed_while_an_equal_one_is_live(
    database: QueueDatabase, terms: Terms
) -> None:
    """The live one does its work; the others of the batch are requeued."""
    ids = _fail(database, terms, "a", "b")
    live = mail("a")

    assert requeue(database, ids) == Requeued(requeued=1, duplicates=1)

    assert FailedTask.objects.get().task_params == live.task_params
    assert ScheduledTask.objects.count() == 2


def test_of_equal_failed_tasks_one_is_requeued(database: QueueDatabase, terms: Terms) -> None:
    """The oldest; unless they are not unique."""
    ids = _fail(database, terms, "a") + _fail(database, terms, "a")
    loose = _fail(database, terms, "b", "b", unique=False)

    assert requeue(database, ids + loose) == Requeued(requeued=3, duplicates=1)

    assert FailedTask.objects.get().id == ids[1]
    assert ScheduledTask.objects.filter(live_hash=None).count() == 2


def test_a_task_stays_failed_while_its_hash_is_held(database: QueueDatabase, terms: Terms) -> None:
    """An equal task completed within the idempotency window: its effect is there."""
    ids = _fail(database, terms, "a")
    FailedTask.objects.update(hold_seconds=60.0)
    mail("a")
    ScheduledTask.objects.update(hold_seconds=60.0)
    (held,) = claim(database, terms)
    record(database, Finished(claim=held._replace(has_sequel=True)))

    assert requeue(database, ids) == Requeued(requeued=0, duplicates=1)

    assert not ScheduledTask.objects.exists()
    HeldHash.objects.update(held_until=database.time_of(-1.0))
    assert requeue(database, ids).requeued == 1


def test_requeueing_at_the_same_time_requeues_once(database: QueueDatabase, terms: Terms) -> None:
    """Whoever comes second finds nothing to do."""
    ids = _fail(database, terms, "a", "b", "c")
    together = threading.Barrier(3)

    def again() -> Requeued:
        together.wait()
        return requeue(database, ids)

    with threads(3) as pool:
        futures = [pool.start(again) for _ in range(3)]
        ends = [future.result() for future in futures]

    assert sum(end.requeued for end in ends) == 3
    assert sum(end.duplicates for end in ends) == 0
    assert ScheduledTask.objects.count() == 3


def test_unknown_ids_are_ignored(database: QueueDatabase, terms: Terms) -> None:
    """They are live, or gone."""
    live = mail("a")
    rows = every_row()

    assert requeue(database, [live.pk, 10**9]) == Requeued(requeued=0, duplicates=0)
    assert requeue(database, []) == Requeued(requeued=0, duplicates=0)
    assert every_row() == rows


def test_a_batch_costs_as_many_statements_as_one(
    database: QueueDatabase, terms: Terms, settings: ProjectSettings
) -> None:
    """Many failed tasks are no reason for many statements."""
    settings.BACKGROUND_TASK = {"NOTIFY": False}  # one message stands for several requeues

    def statements(ids: list[int]) -> int:
        with CaptureQueriesContext(connection) as queries:
            requeue(database, ids)
        return len(queries)

    ids = _fail(database, terms, *(f"order-{number}" for number in range(31)))
    assert len(ids) <= BATCH
    assert statements(ids[:1]) == statements(ids[1:])


def test_it_joins_the_transaction_of_its_caller(database: QueueDatabase, terms: Terms) -> None:
    """What the caller takes back has not happened."""
    ids = _fail(database, terms, "a")
    rows = every_row()

    with transaction.atomic():
        assert requeue(database, ids).requeued == 1
        transaction.set_rollback(True)

    assert every_row() == rows


def test_the_slot_of_a_periodic_run_stays(database: QueueDatabase, terms: Terms) -> None:
    """It runs for its slot, once: the chain has gone on without it."""
    mail("a", repeat=60)
    slot = ScheduledTask.objects.get().slot_at
    ids = _fail(database, terms)
    assert requeue(database, ids).duplicates == 1
    ScheduledTask.objects.all().delete()

    requeue(database, ids)

    row = ScheduledTask.objects.get()
    assert (row.slot_at, row.repeat, row.cron) == (slot, 0, "")
    assert isinstance(slot, datetime.datetime)


@pytest.mark.parametrize("count", [BATCH + 1])
def test_more_than_a_batch_is_requeued_too(database: QueueDatabase, count: int) -> None:
    """Each batch in a transaction of its own."""
    now = database.now()
    FailedTask.objects.bulk_create(
        FailedTask(
            id=number,
            task_name="a",
            task_params=f"[[{number}], {{}}]",
            task_hash=str(number),
            run_at=now,
            created_at=now,
            failed_at=now,
            error="",
        )
        for number in range(1, count + 1)
    )

    assert requeue(database, range(1, count + 1)).requeued == count
    assert ScheduledTask.objects.count() == count
