"""The idempotency window: after it completed, a task's equal calls are ignored for a while."""

from __future__ import annotations

import datetime
import threading
from typing import TYPE_CHECKING

import pytest
from django.db.models import F

from background_task import background
from background_task.models import CompletedTask, HeldHash, ScheduledTask
from background_task.outcomes import Failed, Finished
from background_task.registry import registry
from engine.tests.steps import claim, record
from engine.tests.threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.databases import QueueDatabase
    from background_task.models import EnqueuedTask
    from background_task.terms import Terms


@pytest.fixture
def pay(database: QueueDatabase) -> Callable[..., EnqueuedTask]:
    """A task with a window of an hour."""

    def pay(order: str) -> None:
        """Do nothing."""

    task = background(name="shop.pay", unique_for=3600)(pay)
    registry.pop("shop.pay")
    return task


def _finish(database: QueueDatabase, terms: Terms, *, keep_completed: bool = True) -> None:
    ends = [Finished(claim=held) for held in claim(database, terms)]
    assert record(database, *ends, keep_completed=keep_completed) == []


def test_an_equal_call_within_the_window_is_ignored(
    database: QueueDatabase, terms: Terms, pay: Callable[..., EnqueuedTask]
) -> None:
    """The caller is told which completed task holds the hash."""
    first = pay("a")
    _finish(database, terms)

    again = pay("a")

    assert again.is_duplicate
    assert isinstance(again, CompletedTask)
    assert again.id == first.id
    assert not pay("b").is_duplicate
    assert ScheduledTask.objects.count() == 1


def test_the_holder_is_told_even_if_it_was_not_kept(
    database: QueueDatabase, terms: Terms, pay: Callable[..., EnqueuedTask]
) -> None:
    """Its id is all that is left of it."""
    first = pay("a")
    _finish(database, terms, keep_completed=False)

    again = pay("a")

    assert (again.is_duplicate, again.id, again.task_hash) == (True, first.id, first.task_hash)


def test_the_window_ends(
    database: QueueDatabase, terms: Terms, pay: Callable[..., EnqueuedTask]
) -> None:
    """By the database's clock; from then on the call is a new task, with a window of its own."""
    pay("a")
    _finish(database, terms)
    HeldHash.objects.update(held_until=F("held_until") - datetime.timedelta(hours=2))

    assert not pay("a").is_duplicate
    _finish(database, terms)
    assert pay("a").is_duplicate
    assert HeldHash.objects.count() == 1


def test_only_completion_opens_the_window(
    database: QueueDatabase, terms: Terms, pay: Callable[..., EnqueuedTask]
) -> None:
    """A dead letter did not do its work, so the call may be tried anew."""
    pay("a")
    (held,) = claim(database, terms)
    record(database, Failed(claim=held, error="no", retry_in=None, is_final=True))

    assert not pay("a").is_duplicate


def test_a_call_that_waited_for_the_end_of_the_task_sees_its_window(
    database: QueueDatabase, terms: Terms, pay: Callable[..., EnqueuedTask]
) -> None:
    """There is no moment between live and held: callers beside the finish never get through."""
    pay("a")
    (held,) = claim(database, terms)
    is_calling = threading.Event()

    def call_again() -> list[bool]:
        is_calling.set()
        return [pay("a").is_duplicate for _ in range(20)]

    with threads(1) as pool:
        caller = pool.start(call_again)
        assert is_calling.wait(30)
        record(database, Finished(claim=held))
        assert all(caller.result())
    assert not ScheduledTask.objects.exists()
