"""Running due tasks in this process: what a worker would do, one task at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from background_task import InvalidTaskError, Retry, background
from background_task.inline import run_all, run_next
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from engine.tests.steps import LONG_AGO, expire

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

_ran: list[Any] = []


@background(name="inline.note")
def note(value: object) -> object:
    """Remember a value and return it."""
    _ran.append(value)
    return value


@background(name="inline.spread", unique=False)
def spread(depth: int) -> None:
    """Enqueue a further task."""
    _ran.append(depth)
    if depth:
        spread(depth - 1)


@background(name="inline.fail", backoff=0.001)
def fail(*, invalid: bool = False) -> None:
    """Raise."""
    raise InvalidTaskError("makes no sense") if invalid else ValueError("not today")


@background(name="inline.later")
def later() -> None:
    """Ask for more time."""
    raise Retry(after=3600)


@background(name="inline.atomic", atomic=True)
def write_and_end() -> str:
    """Write down its own end, too."""
    return "done"


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    _ran.clear()


def test_an_empty_queue_runs_nothing(database: QueueDatabase) -> None:
    """The caller learns that there was nothing."""
    assert run_next() is False
    assert run_all() == 0


def test_the_next_task_runs_and_completes(database: QueueDatabase) -> None:
    """One task runs, the best one first, and its result is kept as a worker keeps it."""
    note("second")
    note("first", priority=1)  # type: ignore[call-arg]

    assert run_next() is True

    assert _ran == ["first"]
    completed = CompletedTask.objects.get()
    assert (completed.result, completed.attempts) == ('"first"', 1)
    assert ScheduledTask.objects.count() == 1


def test_an_atomic_task_completes_once(database: QueueDatabase) -> None:
    """Its end is in its own transaction, and is not written a second time."""
    write_and_end()

    assert run_all() == 1
    assert CompletedTask.objects.get().result == '"done"'


def test_a_queue_is_drained_with_what_its_tasks_enqueue(database: QueueDatabase) -> None:
    """A test that drains the queue sees the tasks of its tasks."""
    spread(3)

    assert run_all() == 4

    assert _ran == [3, 2, 1, 0]
    assert not ScheduledTask.objects.exists()


def test_draining_has_an_end(database: QueueDatabase) -> None:
    """Tasks that go on for ever do not hang the test that drains them."""
    spread(10)

    assert run_all(limit=2) == 2


def test_one_queue_can_be_drained(database: QueueDatabase) -> None:
    """Tasks of other queues stay where they are."""
    note("mail", queue="mail")  # type: ignore[call-arg]
    note("other")

    assert run_all("mail") == 1
    assert _ran == ["mail"]


def test_a_task_that_is_not_due_does_not_run(database: QueueDatabase) -> None:
    """Draining does not look into the future."""
    note(1, schedule=3600)  # type: ignore[call-arg]

    assert run_all() == 0


def test_a_failure_is_recorded_and_retried(database: QueueDatabase) -> None:
    """The attempt is charged, its error is kept, and the last one dead-letters the task."""
    fail()

    assert run_next() is True
    waiting = ScheduledTask.objects.get()
    assert (waiting.attempts, waiting.lease_until) == (1, None)
    assert "ValueError: not today" in waiting.last_error

    for _ in range(2):
        ScheduledTask.objects.update(run_at=LONG_AGO)
        run_next()
    assert FailedTask.objects.get().attempts == 3


def test_a_task_that_makes_no_sense_is_given_up_at_once(database: QueueDatabase) -> None:
    """InvalidTaskError means what it meant in 1.2.8."""
    fail(invalid=True)

    run_next()

    assert FailedTask.objects.get().attempts == 1


def test_a_task_may_ask_to_run_later(database: QueueDatabase) -> None:
    """Retry puts it off, so draining ends."""
    later()

    assert run_all() == 1
    assert ScheduledTask.objects.get().attempts == 1


def test_a_task_that_another_worker_holds_does_not_run(database: QueueDatabase) -> None:
    """Until the lease of that worker is over."""
    task = ScheduledTask.objects.new_task("inline.note", [1])
    task.save()
    task.lock("host:1")

    assert run_all() == 0
    expire()
    assert run_all() == 1
    assert _ran == [1]
