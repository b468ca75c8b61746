"""The signals of 1.2.8: when they are sent, with what, and that they change nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from background_task import background, signals
from background_task.context import RunningTask
from background_task.legacy.runner import DBTaskRunner
from background_task.models import CompletedTask, FailedTask, ScheduledTask, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.dispatch import Signal

    from background_task.databases import QueueDatabase

NAMES = (
    "task_created",
    "task_started",
    "task_successful",
    "task_error",
    "task_rescheduled",
    "task_failed",
    "task_finished",
)
Sent = list[tuple[str, object, dict[str, Any]]]


@background(name="legacy_signals.pay")
def pay(order: str) -> None:
    """Pay an order."""


@contextlib.contextmanager
def _heard(*names: str) -> Iterator[Sent]:
    """Listen to signals and note their names, senders and values."""
    sent: Sent = []
    with contextlib.ExitStack() as stack:
        for name in names:
            signal: Signal = getattr(signals, name)

            def note(*, sender: object, signal: Signal, _name: str = name, **values: Any) -> None:
                sent.append((_name, sender, values))

            signal.connect(note, weak=False)
            stack.callback(signal.disconnect, note)
        yield sent


@pytest.fixture
def running(database: QueueDatabase) -> RunningTask:
    """Return a task that runs."""
    row = Task.objects.new_task("legacy_signals.pay", ["a"])
    row.save()
    locked = row.lock("host:1")
    assert locked is not None
    return RunningTask(
        id=locked.pk, name=locked.task_name, attempt=1, max_attempts=3, token=locked.token
    )


def test_a_new_row_is_told_of(running: RunningTask) -> None:
    """With the sender that receivers of 1.2.8 filter by."""
    row = ScheduledTask.objects.get()
    with _heard(*NAMES) as sent:
        signals.created(row)

    assert sent == [("task_created", DBTaskRunner, {"task": row})]


def test_a_body_that_returns_is_told_of(running: RunningTask) -> None:
    """Started, successful with what the row becomes, finished."""
    with _heard(*NAMES) as sent:
        signals.started(running)
        signals.succeeded(running, '"ok"')

    assert [(name, sender) for name, sender, _ in sent] == [
        ("task_started", Task),
        ("task_successful", Task),
        ("task_finished", Task),
    ]
    completed = sent[1][2]["completed_task"]
    assert isinstance(completed, CompletedTask)
    assert (completed.pk, completed.result, completed.task_params) == (
        running.id,
        '"ok"',
        '[["a"], {}]',
    )
    assert not CompletedTask.objects.exists()


def test_a_body_that_raises_is_told_of(running: RunningTask) -> None:
    """The error comes from the class of the exception; the task is told to wait again."""
    with _heard(*NAMES) as sent:
        signals.failed(running, ValueError("not today"), is_last=False)

    assert [(name, sender) for name, sender, _ in sent] == [
        ("task_error", ValueError),
        ("task_rescheduled", Task),
        ("task_finished", Task),
    ]
    assert sent[0][2]["task"].last_error == "ValueError: not today\n"


def test_a_task_that_is_given_up_is_told_of(running: RunningTask) -> None:
    """With the failed task that it becomes."""
    with _heard("task_failed") as sent:
        signals.failed(running, ValueError("not today"), is_last=True)

    ((_, _, values),) = sent
    assert values["task_id"] == running.id
    assert isinstance(values["completed_task"], FailedTask)
    assert values["completed_task"].last_error == "ValueError: not today\n"


def test_a_task_that_was_taken_away_is_not_told_of(running: RunningTask) -> None:
    """Its row is another worker's by now, which tells of it."""
    ScheduledTask.objects.update(token=running.token + 1)
    with _heard("task_successful", "task_error", "task_failed") as sent:
        signals.succeeded(running, None)
        signals.failed(running, ValueError(), is_last=True)

    assert sent == []


def test_without_receivers_nothing_is_read(running: RunningTask) -> None:
    """The signals cost no query when nobody listens."""
    with CaptureQueriesContext(connection) as queries:
        signals.started(running)
        signals.succeeded(running, None)
        signals.failed(running, ValueError(), is_last=False)

    assert len(queries) == 0


def test_a_receiver_that_raises_changes_nothing(
    running: RunningTask, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the other receivers hear of it."""

    def complain(**_: object) -> None:
        raise RuntimeError("a mistake")

    signals.task_successful.connect(complain)
    with _heard("task_successful", "task_finished") as sent:
        signals.succeeded(running, None)
    signals.task_successful.disconnect(complain)

    assert [name for name, _, _ in sent] == ["task_successful", "task_finished"]
    assert "a mistake" in caplog.text


def test_a_database_that_is_away_changes_nothing(
    running: RunningTask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body's work counts: its signals are no reason to fail its task."""
    with monkeypatch.context() as patch, _heard("task_successful", "task_finished") as sent:
        patch.setattr(ScheduledTask._meta, "db_table", "nowhere")
        signals.succeeded(running, None)

    assert [name for name, _, _ in sent] == ["task_finished"]
    assert "were not sent" in caplog.text
