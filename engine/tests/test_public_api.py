"""The public names: what a project may import, and nothing more."""

from __future__ import annotations

import pytest

import background_task
from background_task import exceptions


def test_the_public_names_are_these() -> None:
    """Adding or removing one is a decision, not an accident."""
    assert background_task.__all__ == [
        "BackgroundTaskError",
        "Call",
        "Discard",
        "Enqueued",
        "InvalidTaskError",
        "PidfileInUseError",
        "Retry",
        "RunningTask",
        "TaskArgumentsError",
        "TaskOptionsError",
        "TaskProxy",
        "TaskSchedule",
        "TaskTimeout",
        "UnknownTaskError",
        "background",
        "call",
        "current_task",
    ]


@pytest.mark.parametrize("name", background_task.__all__)
def test_each_public_name_can_be_imported(name: str) -> None:
    """What the list names is there."""
    assert getattr(background_task, name) is not None


@pytest.mark.parametrize(
    ("error", "also"),
    [
        (exceptions.TaskArgumentsError, ValueError),
        (exceptions.TaskOptionsError, ValueError),
        (exceptions.UnknownTaskError, LookupError),
        (exceptions.PidfileInUseError, Exception),
    ],
)
def test_each_error_is_one_of_the_queues(error: type[Exception], also: type[Exception]) -> None:
    """One except clause catches all errors of the queue."""
    assert issubclass(error, exceptions.BackgroundTaskError)
    assert issubclass(error, also)


def test_no_task_is_current_outside_of_a_worker() -> None:
    """A function that is called directly learns that it is in no attempt."""
    assert background_task.current_task() is None
