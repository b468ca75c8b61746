"""Many calls at once: each ends as a single call would, and all of them or none are enqueued."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from background_task import TaskArgumentsError, TaskOptionsError, background, call
from background_task.bulk import ROWS_PER_STATEMENT
from background_task.models import HeldHash, ScheduledTask
from background_task.outcomes import Finished
from background_task.registry import registry
from engine.project.tasks import send_mail, write_invoice
from engine.tests.steps import claim, record
from engine.tests.threads import threads

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms


def test_every_call_becomes_a_row_in_order(database: QueueDatabase, terms: Terms) -> None:
    """More than fit into one statement; they run in the order in which they were given."""
    calls = [(f"order {number}",) for number in range(2 * ROWS_PER_STATEMENT + 1)]

    enqueued = send_mail.enqueue_many(calls)

    rows = ScheduledTask.objects.in_bulk()
    assert not any(answer.is_duplicate for answer in enqueued)
    assert [rows[answer.id].params()[0] for answer in enqueued] == [list(args) for args in calls]
    assert [c.id for c in claim(database, terms, limit=5000)] == [a.id for a in enqueued]


def test_a_row_of_many_is_as_one_of_a_single_call(database: QueueDatabase) -> None:
    """Whatever the options are: delay, queue, priority, name."""
    options: dict[str, Any] = {
        "schedule": 3600,
        "queue": "mails",
        "priority": 3,
        "verbose_name": "mail",
        "repeat": 60,
    }
    single = send_mail("a", **options)
    (answer,) = send_mail.enqueue_many([call(order="a")], **options)

    one, other = (ScheduledTask.objects.values().get(id=id_) for id_ in (single.id, answer.id))
    own = {"id", "task_params", "task_hash", "live_hash", "run_at", "created_at", "slot_at"}
    assert {k: v for k, v in one.items() if k not in own} == {
        k: v for k, v in other.items() if k not in own
    }
    assert (other["task_params"], other["live_hash"]) == (
        '[[], {"order": "a"}]',
        other["task_hash"],
    )
    assert abs((other["run_at"] - one["run_at"]).total_seconds()) < 60


def test_a_duplicate_is_told_with_the_task_that_it_duplicates(database: QueueDatabase) -> None:
    """Of a live task, and of a call in the same batch."""
    live = send_mail("a")

    answers = send_mail.enqueue_many([("b",), ("a",), ("b",), ("c",)])

    assert [answer.is_duplicate for answer in answers] == [False, True, True, False]
    assert answers[1].id == live.id
    assert answers[2].id == answers[0].id
    assert ScheduledTask.objects.count() == 3


def test_calls_that_opt_out_of_being_unique_are_all_enqueued(database: QueueDatabase) -> None:
    """Beside a live one, too."""
    send_mail("a")

    answers = send_mail.enqueue_many([("a",), ("a",)], unique=False)

    assert [answer.is_duplicate for answer in answers] == [False, False]
    assert len({answer.id for answer in answers}) == 2
    assert ScheduledTask.objects.count() == 3


def test_a_hash_that_is_held_makes_a_duplicate(database: QueueDatabase, terms: Terms) -> None:
    """The completed task's id is told, and no row stays."""
    done = _hold("a", database, terms)

    answers = _windowed.enqueue_many([("a",), ("b",)])

    assert [answer.is_duplicate for answer in answers] == [True, False]
    assert answers[0].id == done
    assert ScheduledTask.objects.count() == 1
    assert HeldHash.objects.count() == 1


def test_no_call_is_no_row(database: QueueDatabase) -> None:
    """And no error."""
    assert send_mail.enqueue_many([]) == []


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        ([("a",), (object(),)], "in call 2 argument 1 is a object"),
        (["abc"], "call 1 is 'abc'; give a tuple"),
        ([7], "call 1 is 7; give a tuple"),
    ],
)
def test_one_bad_call_enqueues_nothing(
    database: QueueDatabase, calls: list[Any], problem: str
) -> None:
    """The message says which one."""
    with pytest.raises(TaskArgumentsError, match=problem):
        send_mail.enqueue_many(calls)
    with pytest.raises(TaskOptionsError):
        send_mail.enqueue_many([("a",)], priority="high")

    assert not ScheduledTask.objects.exists()


def test_options_of_many_calls_are_as_those_of_one(database: QueueDatabase) -> None:
    """None leaves an option as it is, and one that there is not is named."""
    (answer,) = send_mail.enqueue_many([("a",)], queue=None, priority=None)
    assert ScheduledTask.objects.get(id=answer.id).queue == "default"

    with pytest.raises(TaskOptionsError, match="keyword argument 'nonsense'; the options are name"):
        send_mail.enqueue_many([("b",)], nonsense=1)


def test_large_calls_go_out_in_several_statements(database: QueueDatabase) -> None:
    """More than a server takes at once: MariaDB refuses 16 MiB, MySQL 64 MiB."""
    calls = [(f"{number}" + "x" * 900_000,) for number in range(20)]

    answers = send_mail.enqueue_many(calls)

    assert len({answer.id for answer in answers}) == len(calls)
    assert ScheduledTask.objects.count() == len(calls)


def test_many_calls_join_the_callers_transaction(database: QueueDatabase) -> None:
    """They disappear with its rollback."""
    with transaction.atomic():
        send_mail.enqueue_many([("a",), ("b",)])
        transaction.set_rollback(True)

    assert not ScheduledTask.objects.exists()


def test_equal_batches_at_the_same_time_make_each_row_once(database: QueueDatabase) -> None:
    """In whatever order they come: for each call one caller is told that it was the first."""
    barrier = threading.Barrier(4)
    calls = [(f"order {number}", 0.0) for number in range(300)]

    def enqueue_all(turn: int) -> dict[str, bool]:
        mine = calls[turn * 70 :] + calls[: turn * 70]
        barrier.wait(30)
        answers = write_invoice.enqueue_many(mine)
        return {args[0]: a.is_duplicate for args, a in zip(mine, answers, strict=True)}

    with threads(4) as pool:
        callers = [pool.start(functools.partial(enqueue_all, turn)) for turn in range(4)]
        answers = [caller.result() for caller in callers]

    assert ScheduledTask.objects.count() == len(calls)
    for order, _ in calls:
        assert sum(not answer[order] for answer in answers) == 1


def _work(order: str) -> None:
    """Do nothing."""


_windowed = background(name="windowed", unique_for=3600)(_work)
registry.pop("windowed")


def _hold(order: str, database: QueueDatabase, terms: Terms) -> int:
    id_ = _windowed(order).id
    record(database, *(Finished(claim=held) for held in claim(database, terms)))
    return id_
