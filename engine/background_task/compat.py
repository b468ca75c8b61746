"""``django.tasks`` of Django 6, or else its backport ``django-tasks``, under one set of names.

The only module that knows which of the two is there. Without either, importing it is an ImportError
of one clear sentence, so the rest of the queue imports it only where it is needed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or find_spec("django.tasks"):
    from django.tasks import (
        TaskContext,
        TaskResult,
        TaskResultStatus,
        checks,
        signals,
        task,
        task_backends,
    )
    from django.tasks.backends.base import BaseTaskBackend
    from django.tasks.base import Task, TaskError
    from django.tasks.exceptions import InvalidTask, InvalidTaskBackend, TaskResultDoesNotExist
    from django.utils.json import normalize_json
elif find_spec("django_tasks"):
    from django_tasks import (
        TaskContext,
        TaskResult,
        TaskResultStatus,
        checks,
        signals,
        task,
        task_backends,
    )
    from django_tasks.backends.base import BaseTaskBackend
    from django_tasks.base import Task, TaskError
    from django_tasks.exceptions import InvalidTaskBackendError as InvalidTaskBackend
    from django_tasks.exceptions import InvalidTaskError as InvalidTask
    from django_tasks.exceptions import TaskResultDoesNotExist
    from django_tasks.utils import normalize_json
else:
    raise ImportError(
        "background_task.backend needs django.tasks: use Django 6.0 or later, or install its "
        'backport with pip install "django-tasks<0.13"'
    )

if TYPE_CHECKING:
    AnyTask = Task[..., Any]
    AnyResult = TaskResult[..., Any]
else:  # where they are not generic
    AnyTask, AnyResult = Task, TaskResult

__all__ = [
    "AnyResult",
    "AnyTask",
    "BaseTaskBackend",
    "InvalidTask",
    "InvalidTaskBackend",
    "Task",
    "TaskContext",
    "TaskError",
    "TaskResult",
    "TaskResultDoesNotExist",
    "TaskResultStatus",
    "checks",
    "normalize_json",
    "signals",
    "task",
    "task_backends",
]
