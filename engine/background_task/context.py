"""What a task's body may know about the attempt that it is in."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """The attempt that runs now.

    Attributes:
        id: the id of the row; it stays the same over retries and in the tables of ended tasks.
        name: the registered name of the task.
        attempt: 1 for the first start.
        max_attempts: after this many attempts the task goes to the failed tasks.
        token: the fencing token of the claim, larger for every later claim of the row.
    """

    id: int
    name: str
    attempt: int
    max_attempts: int
    token: int


_running: contextvars.ContextVar[RunningTask | None] = contextvars.ContextVar(
    "background_task_running", default=None
)


def current_task() -> RunningTask | None:
    """Return the attempt that the caller runs in, or None outside of a worker."""
    return _running.get()


@contextlib.contextmanager
def running(task: RunningTask) -> Iterator[None]:
    """Make ``task`` the current one inside the block."""
    reset = _running.set(task)
    try:
        yield
    finally:
        _running.reset(reset)
