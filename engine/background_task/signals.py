"""The signals of django-background-tasks 1.2.8, and when they are sent.

``task_created`` is sent by whoever enqueues; the others by the process that runs the body, before
the end of the attempt is written. A receiver that raises is logged and changes nothing. A signal
that nobody listens to costs nothing: the rows that it carries are not read.
"""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.dispatch import Signal
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from background_task.context import RunningTask
    from background_task.models import ScheduledTask, TaskRow

logger = logging.getLogger("background_task")

task_created = Signal()  # task
task_started = Signal()  # task_id
task_successful = Signal()  # task_id, completed_task
task_error = Signal()  # task; the sender is the class of the exception
task_rescheduled = Signal()  # task
task_failed = Signal()  # task_id, completed_task, which is a FailedTask
task_finished = Signal()  # task_id


def created(task: TaskRow) -> None:
    """Send ``task_created`` for a row that was just written."""
    if task_created.receivers:
        sender = import_string(
            "background_task.legacy.runner.DBTaskRunner"
        )  # it lies above this module
        task_created.send_robust(sender=sender, task=task)


def started(task: RunningTask) -> None:
    """Send ``task_started``; a body is about to run."""
    _send(task_started, task_id=task.id)


def succeeded(task: RunningTask, result: str | None) -> None:
    """Send ``task_successful`` and ``task_finished``; a body has returned."""
    row = _row_of(task) if task_successful.receivers else None
    if row is not None:
        completed = row.as_completed(result)
        _send(task_successful, task_id=task.id, completed_task=completed)
    _send(task_finished, task_id=task.id)


def failed(task: RunningTask, error: BaseException, *, is_last: bool) -> None:
    """Send ``task_error``, what becomes of the task, and ``task_finished``; a body has raised."""
    becomes = task_failed if is_last else task_rescheduled
    row = _row_of(task) if task_error.receivers or becomes.receivers else None
    if row is not None:
        row.last_error = "".join(traceback.format_exception(error))
        task_error.send_robust(sender=type(error), task=row)
        if is_last:
            _send(task_failed, task_id=task.id, completed_task=row.as_failed())
        else:
            _send(task_rescheduled, task=row)
    _send(task_finished, task_id=task.id)


def _send(signal: Signal, **values: Any) -> None:
    if signal.receivers:
        from background_task.models import ScheduledTask

        signal.send_robust(sender=ScheduledTask, **values)


def _row_of(task: RunningTask) -> ScheduledTask | None:
    """Return the row of a task that runs; None if it was taken from this process meanwhile."""
    from background_task.enqueue import queue_database
    from background_task.models import ScheduledTask

    try:
        rows = ScheduledTask.objects.using(queue_database().alias)
        return rows.filter(id=task.id, token=task.token).first()
    except DatabaseError:
        logger.exception("the signals of %s #%d were not sent", task.name, task.id)
        return None
