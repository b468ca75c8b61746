"""The signals of ``django.tasks`` around each attempt, sent in the process that runs it.

They tell what the body did, before the worker writes it down. A receiver that raises is logged
and changes nothing.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from background_task.exceptions import UnknownTaskError
from background_task.registry import registry

if TYPE_CHECKING:
    from background_task.context import RunningTask

logger = logging.getLogger("background_task")


def started(task: RunningTask) -> None:
    """Send ``task_started``; must be called before the body."""
    _send("task_started", task, status="RUNNING")


def succeeded(task: RunningTask, result: str | None) -> None:
    """Send ``task_finished`` for a body that returned; ``result`` is its value as JSON."""
    value = None if result is None else json.loads(result)
    now = timezone.now()
    _send("task_finished", task, status="SUCCESSFUL", finished_at=now, _return_value=value)


def failed(task: RunningTask, error: BaseException, *, is_last: bool) -> None:
    """Send ``task_finished`` for a body that raised, if its task will not run again.

    Must be called where ``error`` is being handled: Django's log asks Python for it.
    """
    if is_last:
        _send("task_finished", task, error, status="FAILED", finished_at=timezone.now())


def _send(
    signal: str, running: RunningTask, error: BaseException | None = None, **changes: Any
) -> None:
    if running.name in registry:
        return
    try:
        _send_result(signal, running, error, changes)
    except (ImportError, UnknownTaskError):
        return  # no task of django.tasks, so nobody waits for its signals
    # The body's work counts: nothing about a signal is a reason to fail its task.
    except Exception:
        logger.exception("%s was not sent for %s #%d", signal, running.name, running.id)


def _send_result(
    name: str, running: RunningTask, error: BaseException | None, changes: dict[str, Any]
) -> None:
    from background_task import compat, task_results

    task = task_results.task_at(running.name)
    signal = getattr(compat.signals, name)
    status = changes["status"] = compat.TaskResultStatus(changes["status"])
    # One receiver is Django's own. It logs the id, the path and the status: for these alone,
    # nothing is read from the database.
    known = task_results.running_result(running) if len(signal.receivers) > 1 else None
    result = known or task_results.new_result(task, running.id, [], {}, status)
    for attribute, value in changes.items():
        object.__setattr__(result, attribute, value)  # as Django does: results are frozen
    if error is not None:
        result.errors.append(task_results.error_of(error))
    signal.send_robust(type(compat.task_backends[result.backend]), task_result=result)
