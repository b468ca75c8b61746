"""How the calls of a task are enqueued and run: the options, and what makes no sense among them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any, Final, cast

from django.db.models import Model

from background_task.exceptions import LONGEST_SECONDS, TaskOptionsError
from background_task.schedules import Schedule, is_schedule

NAME_LENGTH: Final = 190
"""An index over utf8mb4 text of this length fits every version of MySQL."""

VERBOSE_NAME_LENGTH: Final = 255
WHOLE_NUMBERS: Final = range(-(2**31), 2**31)
LARGE_NUMBERS: Final = range(2**63)
CALL_OPTIONS: Final = (
    "schedule",
    "priority",
    "queue",
    "unique",
    "verbose_name",
    "creator",
    "repeat",
    "repeat_until",
    "remove_existing_tasks",
)
"""The keywords of a call that are not the function's own."""

Backoff = Callable[[BaseException, int], float | None]
"""Takes the exception and the number of the attempt; returns seconds, or None for the default."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """How calls of a task are enqueued and run.

    Attributes:
        name: the name that rows carry; renaming it orphans rows that wait.
        schedule: seconds or a timedelta from now, or a point in time; None means now.
        queue: the queue's name.
        priority: higher runs first; None is that of the schedule, or 0.
        max_attempts: None leaves it to the worker.
        timeout: seconds, or None to leave it to the worker.
        backoff: seconds before the second attempt, doubled with each further one; or a function
            of the exception and the attempt's number that returns the seconds.
        unique: whether a call equal to a live task is ignored.
        unique_for: for so many seconds after the task completed, equal calls are ignored, too.
        atomic: whether the body and the end of the task are one transaction.
        repeat: seconds from one run to the next; 0 for a single run.
        repeat_until: no run after this time.
        cron: a cron expression in the project's time zone; workers start the task by it.
        catch_up: whether every missed slot runs; else one run stands for all that were missed.
        remove_existing_tasks: whether a call replaces the equal calls that wait.
        verbose_name: what people call it.
        creator: on whose behalf it is enqueued: a saved model instance.
    """

    name: str
    schedule: Schedule = None
    queue: str = "default"
    priority: int | None = None
    max_attempts: int | None = None
    timeout: float | None = None
    backoff: float | Backoff | None = None
    unique: bool = True
    unique_for: float | None = None
    atomic: bool = False
    repeat: int = 0
    repeat_until: datetime.datetime | None = None
    cron: str = ""
    catch_up: bool = False
    remove_existing_tasks: bool = False
    verbose_name: str = ""
    creator: Model | None = None

    def __post_init__(self) -> None:
        for field, (is_right, wanted) in _RULES.items():
            value = getattr(self, field)
            if not is_right(value):
                raise TaskOptionsError(self.name or "a task", f"{field} {value!r} is not {wanted}")


def _is_text(length: int, *, may_be_empty: bool = False) -> Callable[[object], bool]:
    least = 0 if may_be_empty else 1
    return lambda value: (
        isinstance(value, str) and least <= len(value) <= length and _is_storable(value)
    )


def _is_storable(text: str) -> bool:
    """Tell whether every database can hold it: without NUL, without half a character."""
    return "\0" not in text and text == text.encode("utf-8", "ignore").decode()


def _is_whole(numbers: range) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value in numbers


def _is_positive(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < cast("float", value) <= LONGEST_SECONDS


def _is_aware(value: object) -> bool:
    return isinstance(value, datetime.datetime) and value.tzinfo is not None


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_saved(value: object) -> bool:
    return isinstance(value, Model) and value.pk is not None


def _or_none(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_right(value)


is_name: Final = _is_text(NAME_LENGTH)
"""Tells whether a value can be the name of a task or of a queue."""

_RULES: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "name": (is_name, f"a text of 1 to {NAME_LENGTH} characters that every database can hold"),
    "schedule": (is_schedule, "seconds, a timedelta, an aware datetime or a TaskSchedule"),
    "queue": (is_name, f"a text of 1 to {NAME_LENGTH} characters that every database can hold"),
    "priority": (_or_none(_is_whole(WHOLE_NUMBERS)), "a whole number of 32 bits"),
    "max_attempts": (
        _or_none(_is_whole(range(1, WHOLE_NUMBERS.stop))),
        "a whole number above zero",
    ),
    "timeout": (_or_none(_is_positive), "a number of seconds above zero"),
    "backoff": (
        lambda value: value is None or _is_positive(value) or callable(value),
        "a number of seconds above zero, or a function",
    ),
    "unique": (_is_flag, "True or False"),
    "unique_for": (_or_none(_is_positive), "a number of seconds above zero"),
    "atomic": (_is_flag, "True or False"),
    "repeat": (_is_whole(LARGE_NUMBERS), "a whole number of seconds"),
    "repeat_until": (_or_none(_is_aware), "an aware datetime"),
    "cron": (_is_text(NAME_LENGTH, may_be_empty=True), f"a text of up to {NAME_LENGTH} characters"),
    "catch_up": (_is_flag, "True or False"),
    "remove_existing_tasks": (_is_flag, "True or False"),
    "verbose_name": (
        _is_text(VERBOSE_NAME_LENGTH, may_be_empty=True),
        f"a text of up to {VERBOSE_NAME_LENGTH} characters that every database can hold",
    ),
    "creator": (_or_none(_is_saved), "a saved model instance"),
}
