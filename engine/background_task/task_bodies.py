"""What runs when a row comes up: a function of ``@background``, or a task of ``django.tasks``.

Both look alike to a worker: an object with ``task_function`` and ``options``.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from background_task.context import current_task
from background_task.exceptions import Discard, UnknownTaskError
from background_task.registry import registry
from background_task.task_options import TaskOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.compat import AnyResult, AnyTask
    from background_task.registry import RegisteredTask


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TaskBody:
    """A task of ``django.tasks`` as a worker sees it."""

    task_function: Callable[..., Any]
    options: TaskOptions


Body: TypeAlias = "RegisteredTask | TaskBody"


def body_of(path: str) -> Body:
    """Return what a row of this name runs.

    Raises:
        UnknownTaskError: no function is registered under the name, nor is it the import path of
            a task.
    """
    if path in registry:
        return registry[path]
    try:
        from background_task.task_results import task_at
    except ImportError:  # without django.tasks there are no other names
        raise UnknownTaskError(path) from None
    task = task_at(path)
    return TaskBody(task_function=_function_of(task), options=_options_of(task))


def _function_of(task: AnyTask) -> Callable[..., Any]:
    from background_task.compat import TaskContext, normalize_json

    def run(*args: Any, **kwargs: Any) -> Any:
        context = [TaskContext(task_result=_running_result())] if task.takes_context else []
        result = normalize_json(task.call(*context, *args, **kwargs))
        json.dumps(result, allow_nan=False)  # NaN and infinity pass Django's normalizing
        return result

    return run


def _options_of(task: AnyTask) -> TaskOptions:
    from background_task.backend import DatabaseBackend

    backend = task.get_backend()
    if not isinstance(backend, DatabaseBackend):  # it was enqueued with .using(backend=...)
        return TaskOptions(name=task.module_path)
    options = backend.task_options(task)
    return dataclasses.replace(options, backoff=_asked_with_result(options.backoff))


def _asked_with_result(backoff: Any) -> Any:
    """Return a backoff that hands a TaskResult to the function, as in Django's proposal."""
    if not callable(backoff):
        return backoff
    from background_task.compat import TaskResultStatus
    from background_task.task_results import error_of

    def seconds(error: BaseException, _: int) -> float:
        before = _running_result()
        errors = [*before.errors, error_of(error)]
        result = dataclasses.replace(before, status=TaskResultStatus.FAILED, errors=errors)
        pause = backoff(error, result)
        if pause is None:
            raise Discard("its backoff returned None") from error
        return float(pause)

    return seconds


def _running_result() -> AnyResult:
    from background_task.task_results import running_result

    running = current_task()
    result = running_result(running) if running is not None else None
    if result is None:
        raise LookupError("there is no TaskResult here: no task of django.tasks is running")
    return result
