"""Enqueue: durable when it returns, part of the caller's transaction, never twice while live."""

from __future__ import annotations

import datetime
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction

from background_task.models import CompletedTask, FailedTask, ScheduledTask
from background_task.outcomes import Failed, Finished
from engine.project.models import Mail
from engine.project.tasks import send_mail, write_invoice
from engine.tests.steps import claim, record
from engine.tests.threads import threads

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from background_task.outcomes import Outcome
    from background_task.terms import Terms

mail: Any = send_mail


class _CancelledError(Exception):
    """Somebody changed their mind."""


def test_a_call_returns_its_row(database: QueueDatabase) -> None:
    """The object knows the row, and reads the rest from the database."""
    task = send_mail("a")

    row = ScheduledTask.objects.get()
    assert task == row
    assert not task.is_duplicate
    assert (task.task_hash, task.run_at, task.created_at) == (
        row.live_hash,
        row.run_at,
        row.created_at,
    )


def test_a_duplicate_of_a_waiting_task_is_ignored(database: QueueDatabase) -> None:
    """The caller gets the row that is there, and can tell."""
    first = mail("a", priority=1)

    second = mail("a", priority=2)

    assert (second.id, second.priority, second.is_duplicate) == (first.id, 1, True)
    assert ScheduledTask.objects.count() == 1


def test_a_duplicate_of_a_running_task_is_ignored(database: QueueDatabase, terms: Terms) -> None:
    """A task is live until it ends."""
    send_mail("a")
    claim(database, terms)

    assert send_mail("a").is_duplicate
    assert ScheduledTask.objects.count() == 1


def test_a_duplicate_of_a_retrying_task_is_ignored(database: QueueDatabase, terms: Terms) -> None:
    """A task that waits for its next attempt is live."""
    send_mail("a")
    (held,) = claim(database, terms)
    record(database, Failed(claim=held, error="no paper", retry_in=60.0))

    assert send_mail("a").is_duplicate


@pytest.mark.parametrize("ending", ["finished", "failed"])
def test_an_ended_task_may_be_enqueued_again(
    database: QueueDatabase, terms: Terms, ending: str
) -> None:
    """Its hash is free with the transaction that ends it."""
    first = send_mail("a")
    (held,) = claim(database, terms)
    last = held._replace(max_attempts=held.attempt)
    ends: dict[str, Outcome] = {
        "finished": Finished(claim=held),
        "failed": Failed(claim=last, error="", retry_in=0.0),
    }
    record(database, ends[ending])

    second = send_mail("a")

    assert not second.is_duplicate
    assert second.id != first.id
    assert CompletedTask.objects.count() + FailedTask.objects.count() == 1


def test_other_arguments_are_no_duplicate(database: QueueDatabase) -> None:
    """Only a call with the same name and the same arguments is one."""
    send_mail("a")
    send_mail("b")
    write_invoice("a", 1)
    write_invoice("a", 1.0)

    assert ScheduledTask.objects.count() == 4


def test_a_call_can_opt_out_of_being_unique(database: QueueDatabase) -> None:
    """It neither is a duplicate nor makes one."""
    rows = [mail("a", unique=False), mail("a"), mail("a", unique=False)]

    assert [row.is_duplicate for row in rows] == [False, False, False]
    assert ScheduledTask.objects.count() == 3
    assert ScheduledTask.objects.filter(live_hash__isnull=True).count() == 2


def test_equal_calls_at_the_same_time_make_one_row(database: QueueDatabase) -> None:
    """Under concurrency too: eight threads, ten tasks, one row and one first caller each."""
    barrier = threading.Barrier(8)

    def enqueue_all() -> list[bool]:
        barrier.wait(30)
        return [send_mail(f"order {number}").is_duplicate for number in range(10)]

    with threads(8) as pool:
        callers = [pool.start(enqueue_all) for _ in range(8)]
        answers = [caller.result() for caller in callers]

    assert ScheduledTask.objects.count() == 10
    assert [sum(not answer[number] for answer in answers) for number in range(10)] == [1] * 10


def test_equal_calls_in_transactions_at_the_same_time_make_one_row(
    database: QueueDatabase,
) -> None:
    """A caller waits for the transaction of the first one, and learns how it ended."""
    inserted, is_answered = threading.Event(), threading.Event()

    def enqueue_first() -> None:
        with transaction.atomic():
            send_mail("a")
            inserted.set()
            # The second caller must not get an answer before this commits.
            assert not is_answered.wait(0.3)

    def enqueue_second() -> bool:
        assert inserted.wait(30)
        duplicate = send_mail("a").is_duplicate
        is_answered.set()
        return duplicate

    with threads(2) as pool:
        first, second = pool.start(enqueue_first), pool.start(enqueue_second)
        first.result()
        assert second.result()
    assert ScheduledTask.objects.count() == 1


def test_a_task_appears_with_the_callers_commit(database: QueueDatabase) -> None:
    """Nobody sees it before."""
    with threads(1) as pool:
        with transaction.atomic():
            send_mail("a")
            # SQLite's readers see the last commit too, so this waits on no database.
            assert pool.start(ScheduledTask.objects.count).result() == 0
        assert pool.start(ScheduledTask.objects.count).result() == 1


def test_a_task_disappears_with_the_callers_rollback(database: QueueDatabase) -> None:
    """What did not happen has no task."""

    def buy() -> None:
        with transaction.atomic():
            send_mail("a")
            raise _CancelledError

    with pytest.raises(_CancelledError):
        buy()

    assert not ScheduledTask.objects.exists()
    assert not send_mail("a").is_duplicate


def test_a_duplicate_leaves_the_callers_transaction_as_it_is(database: QueueDatabase) -> None:
    """The caller goes on and commits, without knowing of the refused insert."""
    first = send_mail("a")

    with transaction.atomic():
        Mail.objects.create(order="a", sent_by=1)
        second = send_mail("a")
        third = send_mail("b")

    assert (second.id, second.is_duplicate) == (first.id, True)
    assert ScheduledTask.objects.filter(id=third.id).exists()
    assert Mail.objects.count() == 1


def test_a_duplicate_of_a_task_of_the_same_transaction_is_ignored(database: QueueDatabase) -> None:
    """A loop that calls twice before it commits makes one row."""
    with transaction.atomic():
        first = send_mail("a")
        assert send_mail("a").is_duplicate

    assert ScheduledTask.objects.get() == first


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [(None, 0.0), (90, 90.0), (0.25, 0.25), (datetime.timedelta(minutes=1), 60.0), (-5, -5.0)],
)
def test_a_delay_counts_by_the_databases_clock(
    database: QueueDatabase, schedule: Any, seconds: float
) -> None:
    """The row is due so many seconds after it was created, both by one clock."""
    mail("a", schedule=schedule)

    row = ScheduledTask.objects.get()
    assert (row.run_at - row.created_at).total_seconds() == pytest.approx(seconds, abs=0.002)


@pytest.mark.parametrize("microsecond", [0, 1, 123456])
def test_a_point_in_time_is_kept(database: QueueDatabase, microsecond: int) -> None:
    """It is the same instant, whatever zone the caller named."""
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    noon = datetime.datetime(2031, 5, 6, 12, 0, 0, microsecond, tzinfo=zone)

    mail("a", schedule=noon)

    assert ScheduledTask.objects.get().run_at == noon


def test_the_unique_index_itself_refuses_a_duplicate(database: QueueDatabase) -> None:
    """No code path can write one, not even SQL by hand."""
    row = send_mail("a")

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO background_task_scheduledtask"
            " (task_name, task_params, task_hash, live_hash, last_error, run_at, created_at)"
            " SELECT task_name, task_params, task_hash, live_hash, '', run_at, created_at"
            " FROM background_task_scheduledtask WHERE id = %s",
            [row.id],
        )
