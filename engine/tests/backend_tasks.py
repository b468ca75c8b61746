"""Tasks of ``django.tasks`` for the tests of the backend, and the settings that they need.

Their options are given to the class, as Django 6.0's decorator takes none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from background_task.backend import DatabaseTask
from background_task.context import current_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.compat import AnyResult

TASKS: Final = {
    "default": {
        "BACKEND": "background_task.backend.DatabaseBackend",
        "QUEUES": ["default", "mail"],
        "OPTIONS": {"max_attempts": 2, "timeout": 20},
    }
}

seen: Final[list[Any]] = []


def declare(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a task, as ``@task`` does."""
    place = {"priority": 0, "queue_name": "default", "backend": "default", "run_after": None}
    return lambda function: DatabaseTask(func=function, **{**place, **options})


@declare()
def add(one: Any, two: Any) -> Any:
    """Return the sum."""
    return one + two


@declare()
async def add_later(one: int, two: int) -> int:
    """Return the sum, as a coroutine."""
    return one + two


@declare()
def give_shapes() -> object:
    """Return values that JSON has in another shape."""
    return {"pair": (1, 2), "text": b"abc"}


@declare()
def give_function() -> object:
    """Return what JSON does not have."""
    return give_function


@declare()
def fail(message: str) -> None:
    """Raise a ValueError."""
    raise ValueError(message)


@declare(takes_context=True)
def look(context: Any, fails: bool) -> str:
    """Note what the context says, and fail if asked to, once."""
    seen.append((context.task_result, current_task(), context.attempt))
    if fails and context.attempt == 1:
        raise ValueError("the first attempt fails")
    return str(context.task_result.id)


@declare(unique=True)
def sync_account(number: int) -> int:
    """Run once for any number of equal calls that wait."""
    return number


@declare(unique_for=3600)
def send_report(day: str) -> str:
    """Run once an hour for equal calls."""
    return day


def pause(error: BaseException, result: AnyResult) -> int | None:
    """Say how long to wait after a failure, or to give up."""
    seen.append((error, result))
    return 7 if "again" in str(error) else None


@declare(max_attempts=10, timeout=1.5, backoff=pause, atomic=True)
def call_supplier(order: int) -> int:
    """Have options of its own, and fail for orders below zero."""
    if order < 0:
        raise ValueError("no such order")
    return order


def plain() -> None:
    """Be no task."""
