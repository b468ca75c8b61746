"""Dispatch: the same decorated tasks go to a broker, with the decisions of this queue."""

from __future__ import annotations

import dataclasses
import datetime
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from background_task.dispatch import dispatcher_named, register
from background_task.dispatch.hand_over import SENT, UNSENT
from background_task.dispatch.messages import Call, Message
from background_task.dispatch.receiving import GivenUpError, RunAgain, receive
from background_task.models import CompletedTask, ScheduledTask
from engine.tests.outbox import PATH, Outbox
from engine.tests.outgrown.tasks import (
    calls,
    complain,
    count,
    count_atomically,
    count_rarely,
    discard,
    repeat,
    retry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from background_task.databases import QueueDatabase


@pytest.fixture(autouse=True)
def outbox(database: QueueDatabase, settings: Settings) -> Iterator[type[Outbox]]:
    """Give an empty broker, to which the project sends."""
    settings.BACKGROUND_TASK_DISPATCH = PATH
    Outbox.messages.clear()
    calls.clear()
    yield Outbox
    Outbox.error = Outbox.on_message = None


def deliver(message: Message, *, attempt: int = 1) -> Any:
    """Do what a worker of the broker does with a message."""
    return receive(message.call, message.id, attempt=attempt, is_again=attempt > 1)


def current_app(celery: Any, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    """Make a Celery app the current one until the end of the test."""
    monkeypatch.setattr("celery._state.default_app", None)
    app = celery.Celery("shop", set_as_current=False, **options)
    monkeypatch.setattr(celery, "current_app", app)
    return app


# What goes where.


def test_a_call_goes_to_the_broker_and_leaves_no_row() -> None:
    """Its number is what the body sees."""
    sent = count(1)
    (message,) = Outbox.messages

    assert not ScheduledTask.objects.exists()
    assert not sent.is_duplicate
    assert deliver(message) == [1, sent.id, 1]
    assert deliver(message, attempt=2) == [1, sent.id, 2]
    assert not CompletedTask.objects.exists()


def test_two_calls_have_two_numbers_and_none_is_that_of_a_row() -> None:
    """Equal calls are two tasks: a broker cannot tell that it has one already."""
    first, second = count(1), count(1)

    assert first.id != second.id
    assert 2**62 <= min(first.id, second.id) <= max(first.id, second.id) < 2**63


def test_without_the_setting_a_call_is_a_row(settings: Settings) -> None:
    """The database is the default."""
    del settings.BACKGROUND_TASK_DISPATCH
    row = count(1)
    assert ScheduledTask.objects.get().pk == row.pk
    assert Outbox.messages == []


def test_the_broker_learns_of_a_call_when_the_caller_commits() -> None:
    """What is rolled back is never sent."""
    with transaction.atomic():
        count(1)
        assert Outbox.messages == []
    assert len(Outbox.messages) == 1
    with transaction.atomic():
        count(2)
        transaction.set_rollback(True)
    assert len(Outbox.messages) == 1


def test_an_error_of_the_broker_reaches_the_caller() -> None:
    """A call that is in no database must not be lost silently."""
    Outbox.error = ConnectionError("no broker")
    with pytest.raises(ConnectionError):
        count(1)


def test_periodic_calls_stay_in_the_database() -> None:
    """A broker has no word for them."""
    row = repeat(1)
    assert ScheduledTask.objects.get().pk == row.pk
    assert Outbox.messages == []


@pytest.mark.parametrize("task", [count_atomically, count_rarely])
def test_what_a_broker_cannot_keep_has_a_row_that_belongs_to_it(task: Any) -> None:
    """Duplicates are ignored and the end is written, and the body still runs in the broker."""
    row = task(1)
    assert task(1).is_duplicate
    (message,) = Outbox.messages
    assert ScheduledTask.objects.get().lease_until == SENT
    deliver(message)
    deliver(message)

    assert calls == [1]
    assert CompletedTask.objects.get().id == row.id
    assert task(1).is_duplicate is (task is count_rarely)


def test_a_call_with_a_row_outlives_a_broker_that_is_away() -> None:
    """It is accepted, and ``hand_over_tasks`` sends it later."""
    Outbox.error = ConnectionError("no broker")
    count_atomically(1)

    assert ScheduledTask.objects.get().lease_until == UNSENT


def test_a_schedule_becomes_a_time_and_options_travel() -> None:
    """In seconds from the call, or a point in time."""
    before = timezone.now()
    complain("x", schedule=60, priority=4, queue="mail")
    (message,) = Outbox.messages

    assert message.due is not None
    assert datetime.timedelta(seconds=59) < message.due - before < datetime.timedelta(seconds=75)
    assert (message.priority, message.call.queue) == (4, "mail")
    assert Call(**json.loads(json.dumps(dataclasses.asdict(message.call)))) == message.call


@pytest.mark.parametrize(
    "name", ["pigeon", "engine.tests.outbox.Nothing", "engine.tests.nothing.X"]
)
def test_a_place_that_is_none_is_named(name: str) -> None:
    """In one sentence, with what there is."""
    with pytest.raises(ImproperlyConfigured, match="choose database, celery or huey"):
        dispatcher_named(name)


# The same decisions as in process_tasks.


def test_a_failure_runs_again_after_the_backoff_and_then_is_given_up() -> None:
    """Two times of three attempts."""
    complain("no paper")
    (message,) = Outbox.messages
    pauses = []
    for attempt in (1, 2):
        with pytest.raises(RunAgain, match="no paper") as again:
            deliver(message, attempt=attempt)
        pauses.append(again.value.pause_seconds)
    assert pauses[1] > pauses[0] > 0
    with pytest.raises(GivenUpError, match="no paper"):
        deliver(message, attempt=3)


def test_a_body_may_ask_for_a_retry_or_give_itself_up() -> None:
    """``Retry(after=...)`` and ``Discard`` mean what they mean elsewhere."""
    retry()
    discard()
    with pytest.raises(RunAgain) as again:
        deliver(Outbox.messages[0])
    assert again.value.pause_seconds == 7.0
    with pytest.raises(GivenUpError):
        deliver(Outbox.messages[1])


def test_a_task_that_nobody_knows_fails() -> None:
    """It is tried again like any other: a deployment may be on its way."""
    call = Call(
        task_name="shop.refund", task_params="[[], {}]", queue="", max_attempts=2, timeout_seconds=1
    )
    with pytest.raises(RunAgain, match="UnknownTaskError"):
        deliver(Message(call=call))


def test_a_database_that_is_away_loses_no_message() -> None:
    """The broker is asked to deliver it again, whether it has a row or not."""

    def fail(*_: Any) -> None:
        raise OperationalError("no route to host")

    count_atomically(1)
    with connection.execute_wrapper(fail), pytest.raises(RunAgain, match="no route to host"):
        deliver(*Outbox.messages)
    deliver(*Outbox.messages)
    assert calls == [1]


# In Celery's words, and in Huey's.


@pytest.mark.parametrize(
    ("priority", "has_lowest_first", "wanted"),
    [
        *[(0, False, None), (3, False, 3), (99, False, 9), (-3, False, None)],
        *[(0, True, None), (3, True, None), (-3, True, 3), (-99, True, 9)],
    ],
)
def test_priorities_are_celerys(priority: int, has_lowest_first: bool, wanted: int | None) -> None:
    """Celery's default stays the default."""
    pytest.importorskip("celery")
    from background_task.dispatch.celery import options_of

    count(1, priority=priority)
    (message,) = Outbox.messages
    options = options_of(message, has_lowest_first=has_lowest_first)
    assert options["priority"] == wanted
    assert (options["task_id"], options["shadow"]) == (message.id, "outbox.count")
    assert options["queue"] is None
    assert options["time_limit"] > options["soft_time_limit"] == message.call.timeout_seconds


def test_a_process_that_has_celery_knows_the_task() -> None:
    """A worker of Celery sets Django up, and need not be told."""
    celery = pytest.importorskip("celery")
    register()

    assert "background_task.run" in celery.current_app.tasks


def test_celery_gets_a_message_under_the_tasks_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with the arguments of ``background_task.run``."""
    celery = pytest.importorskip("celery")
    from background_task.dispatch.celery import CeleryDispatcher

    app = current_app(celery, monkeypatch, broker="memory://")
    sent = count(1)
    CeleryDispatcher().send(Outbox.messages)

    with app.connection_for_read() as line:
        (message,) = [line.SimpleQueue("celery").get(block=False)]
    assert message.headers["shadow"] == "outbox.count"
    assert message.headers["id"] == sent.claimed_by
    assert Call(**message.payload[1]) == Outbox.messages[0].call


def test_celery_retries_as_this_queue_would() -> None:
    """Celery's own task runs the body three times, and reports the last failure."""
    pytest.importorskip("celery")
    from background_task.dispatch.celery import run

    complain("no paper")
    (message,) = Outbox.messages
    result = run.apply(kwargs=dataclasses.asdict(message.call), task_id=message.id)

    assert calls == [1, 2, 3]
    assert result.state == "FAILURE"


def test_without_a_celery_app_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery would try a broker on this host, which is none of the project's."""
    celery = pytest.importorskip("celery")
    from background_task.dispatch.celery import CeleryDispatcher

    current_app(celery, monkeypatch)
    with pytest.raises(ImproperlyConfigured, match="import your Celery app"):
        CeleryDispatcher()


def test_huey_carries_a_call_and_retries_as_this_queue_would(settings: Settings) -> None:
    """Huey's own consumer code takes the message from the storage and runs the body."""
    pytest.importorskip("huey")
    settings.BACKGROUND_TASK_HUEY = "engine.tests.huey_project.memory"
    from background_task.dispatch import huey as dispatch_huey

    sent = count(5), complain("no paper")
    dispatcher_named("huey").send(Outbox.messages)
    while len(dispatch_huey.huey) or dispatch_huey.huey.scheduled_count():
        for task in dispatch_huey.huey.scheduled():
            task.eta = None
            dispatch_huey.huey.enqueue(task)
        dispatch_huey.huey.storage.flush_schedule()
        dispatch_huey.huey.execute(dispatch_huey.huey.dequeue())

    assert dispatch_huey.huey.result(Outbox.messages[0].id) == [5, sent[0].id, 1]
    assert calls == [5, 1, 2, 3]


@pytest.mark.parametrize("package", ["celery", "huey"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.exceptions", None)
    monkeypatch.delitem(sys.modules, f"background_task.dispatch.{package}", raising=False)
    with pytest.raises(ImproperlyConfigured, match=rf"pip install killproof\[{package}\]"):
        dispatcher_named.__wrapped__(package)
