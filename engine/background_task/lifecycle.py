"""Whom the process that runs a body tells about it: the receivers of both kinds of signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from background_task import signals, task_signals

if TYPE_CHECKING:
    from background_task.context import RunningTask


def started(task: RunningTask) -> None:
    """Say that its body is about to run."""
    signals.started(task)
    task_signals.started(task)


def succeeded(task: RunningTask, result: str | None) -> None:
    """Say that its body returned; ``result`` is what, as JSON."""
    signals.succeeded(task, result)
    task_signals.succeeded(task, result)


def failed(task: RunningTask, error: BaseException, *, is_last: bool) -> None:
    """Say that its body raised; must be called where ``error`` is being handled."""
    signals.failed(task, error, is_last=is_last)
    task_signals.failed(task, error, is_last=is_last)
