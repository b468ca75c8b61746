"""When a call is due, and what it does about equal calls that wait: ``TaskSchedule``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils import timezone

from background_task.exceptions import LONGEST_SECONDS


class TaskSchedule:
    """When a call is due, its priority, and what it does about equal calls that wait.

    Attributes:
        SCHEDULE: nothing: the call is enqueued, unless it duplicates a live one.
        RESCHEDULE_EXISTING: move an equal call that waits to this time; enqueue if there is none.
        CHECK_EXISTING: leave an equal call that waits alone; enqueue if there is none.
    """

    SCHEDULE: ClassVar[int] = 0
    RESCHEDULE_EXISTING: ClassVar[int] = 1
    CHECK_EXISTING: ClassVar[int] = 2

    def __init__(
        self,
        run_at: float | datetime.timedelta | datetime.datetime | None = None,
        priority: int | None = None,
        action: int | None = None,
    ) -> None:
        self._run_at = run_at
        self._priority = priority
        self._action = action

    @classmethod
    def create(cls, schedule: Schedule) -> TaskSchedule:
        """Return the schedule that any of the accepted forms means."""
        if isinstance(schedule, TaskSchedule):
            return schedule
        if isinstance(schedule, Mapping):
            return cls(**schedule)
        return cls(run_at=schedule)

    def merge(self, default: TaskSchedule) -> TaskSchedule:
        """Return this schedule, with what it leaves open taken from ``default``."""
        return TaskSchedule(
            default._run_at if self._run_at is None else self._run_at,
            default._priority if self._priority is None else self._priority,
            default._action if self._action is None else self._action,
        )

    @property
    def delay(self) -> datetime.datetime | float:
        """A point in time, or seconds from now by the database's clock."""
        match self._run_at:
            case None:
                return 0.0
            case datetime.timedelta():
                return self._run_at.total_seconds()
            case datetime.datetime():
                return self._run_at
            case _:
                return float(self._run_at)

    @property
    def run_at(self) -> datetime.datetime:
        """The time at which it is due, by this process's clock."""
        delay = self.delay
        if isinstance(delay, datetime.datetime):
            return delay
        return timezone.now() + datetime.timedelta(seconds=delay)

    @property
    def priority(self) -> int:
        """The priority, 0 if none was given."""
        return self._priority or 0

    @property
    def action(self) -> int:
        """One of the three constants."""
        return self._action or self.SCHEDULE

    def __repr__(self) -> str:
        return f"TaskSchedule(run_at={self._run_at}, priority={self._priority})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TaskSchedule) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self._run_at, self._priority, self._action


Schedule = (
    int | float | datetime.timedelta | datetime.datetime | Mapping[str, Any] | TaskSchedule | None
)
"""What ``schedule=`` takes; a mapping has the keys run_at, priority and action."""


def is_schedule(value: object) -> bool:
    """Tell whether ``value`` is one of the forms of a schedule, and makes sense."""
    match value:
        case bool():
            return False
        case int() | float():
            return abs(value) <= LONGEST_SECONDS
        case datetime.datetime():
            return value.tzinfo is not None and 1 < value.year < datetime.MAXYEAR
        case Mapping():
            return set(value) <= {"run_at", "priority", "action"} and _makes_sense(
                TaskSchedule.create(value)
            )
        case TaskSchedule():
            return _makes_sense(value)
    return value is None or (
        isinstance(value, datetime.timedelta) and abs(value.total_seconds()) <= LONGEST_SECONDS
    )


def _makes_sense(schedule: TaskSchedule) -> bool:
    run_at, priority, action = schedule._key()  # noqa: SLF001
    return (
        not isinstance(run_at, Mapping | TaskSchedule)
        and is_schedule(run_at)
        and (priority is None or (type(priority) is int and abs(priority) < 2**31))
        and action in (None, 0, 1, 2)
    )
