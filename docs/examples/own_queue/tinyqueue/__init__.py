"""A small queue: rows that workers claim with SELECT ... FOR UPDATE SKIP LOCKED."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable


class Task:
    """A function that can be called later: calling the task enqueues it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.path = f"{function.__module__}:{function.__name__}"

    def __call__(self, *args: Any, schedule: Any = 0, **_options: Any) -> Any:
        """Enqueue it for so many seconds from now, a timedelta from now, or a time."""
        from tinyqueue.models import Job

        if not isinstance(schedule, datetime.datetime):
            seconds = schedule if isinstance(schedule, int | float) else schedule.total_seconds()
            schedule = timezone.now() + datetime.timedelta(seconds=seconds)
        return Job.objects.create(path=self.path, args=json.dumps([args, {}]), run_at=schedule)


def background(schedule: int = 0) -> Callable[[Callable[..., Any]], Task]:
    """Make a task of a function."""
    del schedule  # every call says its own
    return Task
