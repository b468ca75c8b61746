"""A background task queue in the Django database: no broker, no extra service.

What a caller may rely on is written in ``docs/guarantees.md``.
"""

from background_task.bulk import Call, Enqueued, call
from background_task.context import RunningTask, current_task
from background_task.exceptions import (
    BackgroundTaskError,
    Discard,
    InvalidTaskError,
    PidfileInUseError,
    Retry,
    TaskArgumentsError,
    TaskOptionsError,
    TaskTimeout,
    UnknownTaskError,
)
from background_task.schedules import TaskSchedule
from background_task.tasks import TaskProxy, background

__all__ = [
    "BackgroundTaskError",
    "Call",
    "Discard",
    "Enqueued",
    "InvalidTaskError",
    "PidfileInUseError",
    "Retry",
    "RunningTask",
    "TaskArgumentsError",
    "TaskOptionsError",
    "TaskProxy",
    "TaskSchedule",
    "TaskTimeout",
    "UnknownTaskError",
    "background",
    "call",
    "current_task",
]

__version__ = "0.1.0"
