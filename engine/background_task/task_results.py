"""What ``django.tasks`` calls a TaskResult, read from the queue's tables."""

from __future__ import annotations

import contextvars
import dataclasses
import datetime
import json
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from background_task.arguments import decode
from background_task.compat import AnyResult, Task, TaskError, TaskResult, TaskResultStatus
from background_task.enqueue import queue_database
from background_task.error_texts import class_path, traceback_of
from background_task.exceptions import UnknownTaskError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from background_task.compat import AnyTask
    from background_task.context import RunningTask
    from background_task.models import AttemptError, TaskRow

_NO_EXCEPTION = "background_task.exceptions.BackgroundTaskError"
"""What an attempt is said to have raised that raised nothing: its worker died, say."""

_of_attempt: contextvars.ContextVar[tuple[RunningTask, AnyResult] | None] = contextvars.ContextVar(
    "background_task_result", default=None
)


def task_at(path: str) -> AnyTask:
    """Return the task of an import path; raises UnknownTaskError if there is none."""
    try:
        found = import_string(path)
    # Importing runs other people's code: whatever that raises, the task cannot be had.
    except Exception as error:
        raise UnknownTaskError(path) from error
    if not isinstance(found, Task):
        raise UnknownTaskError(path)
    return found


def find_result(id_: int) -> AnyResult | None:
    """Return the result of a task that came through a backend of ``TASKS``, or None."""
    row = next(filter(None, (rows.first() for rows in _everywhere(id_))), None)
    return of_row(row) if row is not None and row.backend else None


def time_of_enqueue(id_: int) -> datetime.datetime | None:
    """Return when a task was enqueued, by the database's clock; None if it is kept no more."""
    times = (rows.values_list("created_at", flat=True).first() for rows in _everywhere(id_))
    return next(filter(None, times), None)


def running_result(running: RunningTask) -> AnyResult | None:
    """Return the result of the attempt that runs here: one object for as long as it runs."""
    known = _of_attempt.get()
    if known is not None and known[0] is running:
        return known[1]
    result = find_result(running.id)
    _of_attempt.set((running, result) if result is not None else None)
    return result


def of_row(row: TaskRow) -> AnyResult:
    """Return the result that a row stands for."""
    args, kwargs = decode(row.task_params)
    status = _status(row)
    has_open_end = status in (TaskResultStatus.RUNNING, TaskResultStatus.SUCCESSFUL)
    errors = _errors(row) if row.attempts > has_open_end else []
    started_at = row.claimed_at
    if row.attempts > 1 and errors:
        started_at = errors[0].failed_at - datetime.timedelta(seconds=errors[0].run_seconds or 0.0)
    workers = {row.attempts: row.claimed_by} | {error.attempt: error.claimed_by for error in errors}
    result = dataclasses.replace(
        new_result(_task_of(row), row.pk, args, kwargs, status, enqueued_at=row.created_at),
        started_at=started_at,
        last_attempted_at=row.claimed_at,
        finished_at=getattr(row, "completed_at", None) or getattr(row, "failed_at", None),
        errors=[_task_error(error) for error in errors],
        worker_ids=[workers.get(attempt, "") for attempt in range(1, row.attempts + 1)],
    )
    returned = getattr(row, "result", None)
    object.__setattr__(result, "_return_value", returned and json.loads(returned))
    return result


def new_result(
    task: AnyTask,
    id_: int,
    args: list[Any],
    kwargs: dict[str, Any],
    status: TaskResultStatus,
    *,
    enqueued_at: datetime.datetime | None = None,
) -> AnyResult:
    """Return a result of which no more is known than this."""
    times = dict.fromkeys(("started_at", "finished_at", "last_attempted_at"))
    return TaskResult(
        task=task,
        id=str(id_),
        status=status,
        enqueued_at=enqueued_at,
        **times,
        args=args,
        kwargs=kwargs,
        backend=task.backend,
        errors=[],
        worker_ids=[],
    )


def error_of(error: BaseException) -> TaskError:
    """Return what a result keeps of an exception."""
    return TaskError(exception_class_path=class_path(type(error)), traceback=traceback_of(error))


def _everywhere(id_: int) -> Iterator[QuerySet[Any]]:
    """Yield the rows of this id in each table, in the order in which a task goes through them."""
    from background_task.models import CompletedTask, FailedTask, ScheduledTask

    alias = queue_database().alias
    # The first table again at the end: a failed task may have been put back in the meantime.
    for model in (ScheduledTask, CompletedTask, FailedTask, ScheduledTask):
        yield model._default_manager.using(alias).filter(pk=id_)  # noqa: SLF001 - for mypy


def _task_of(row: TaskRow) -> AnyTask:
    """Return the task with what this call of it was enqueued with, or waits for now."""
    return dataclasses.replace(
        task_at(row.task_name),
        priority=row.priority,
        queue_name=row.queue,
        run_after=row.run_at if row.run_at != row.created_at else None,
        backend=row.backend,
    )


def _status(row: TaskRow) -> TaskResultStatus:
    from background_task.models import CompletedTask, FailedTask

    if isinstance(row, CompletedTask):
        return TaskResultStatus.SUCCESSFUL
    if isinstance(row, FailedTask):
        return TaskResultStatus.FAILED
    is_running = getattr(row, "lease_until", None) is not None
    return TaskResultStatus.RUNNING if is_running else TaskResultStatus.READY


def _errors(row: TaskRow) -> list[AttemptError]:
    from background_task.models import AttemptError

    alias = queue_database().alias
    return list(AttemptError.objects.using(alias).filter(task_id=row.pk).order_by("id"))


def _task_error(error: AttemptError) -> TaskError:
    path = error.exception or _NO_EXCEPTION
    return TaskError(exception_class_path=path, traceback=error.traceback)
