"""What runs when a task is delivered, whichever queue the task belongs to.

Tasks are told by their attributes; no queue is imported.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Final

from properties.idempotency.errors import CannotTellError

if TYPE_CHECKING:
    from collections.abc import Callable

_BODY: Final = ("task_function", "run", "call", "fn", "func")
"""Where the body is: @background, Celery, django.tasks, Dramatiq, Huey and Procrastinate."""


def body_of(task: Any) -> Callable[..., Any]:
    """Return the function that runs when the task is delivered."""
    if getattr(task, "takes_context", False):
        raise CannotTellError(
            f"{name_of(task)} takes a context, which its queue makes for it: write a function that "
            "calls task.call with a context of yours, and hand in that function."
        )
    body = task
    if not isinstance(task, functools.partial):
        body = next((getattr(task, name) for name in _BODY if hasattr(task, name)), task)
    if not callable(body):
        raise CannotTellError(f"{task!r} is no task: hand in a function, or a task made of one.")
    return _plain(body)


def _plain(body: Callable[..., Any]) -> Callable[..., Any]:
    if not inspect.iscoroutinefunction(body):
        return body
    from asgiref.sync import async_to_sync

    return async_to_sync(body)


def is_atomic(task: Any) -> bool:
    """Whether its queue commits the body and the end of the task as one, as atomic=True asks."""
    return bool(getattr(getattr(task, "options", None), "atomic", False))


def name_of(task: Any) -> str:
    """Return what people call the task."""
    # The method call of a django.tasks Task is called "call"; its function comes first here.
    for thing in (task, *(getattr(task, name, None) for name in reversed(_BODY))):
        if name := getattr(thing, "__name__", ""):
            return str(name)
    return str(getattr(task, "name", "")) or repr(task)
