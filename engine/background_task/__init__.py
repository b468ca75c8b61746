"""A background task queue in the Django database: no broker, no extra service.

What a caller may rely on is written in ``docs/guarantees.md``.
"""

from background_task.context import RunningTask, current_task
from background_task.exceptions import (
    BackgroundTaskError,
    PidfileInUseError,
    TaskArgumentsError,
    TaskOptionsError,
    UnknownTaskError,
)
from background_task.tasks import TaskProxy, background

__all__ = [
    "BackgroundTaskError",
    "PidfileInUseError",
    "RunningTask",
    "TaskArgumentsError",
    "TaskOptionsError",
    "TaskProxy",
    "UnknownTaskError",
    "background",
    "current_task",
]

__version__ = "0.1.0"
