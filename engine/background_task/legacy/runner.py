"""What ``background_task.tasks`` and ``.settings`` of django-background-tasks 1.2.8 offered.

Code that imports these names from there goes on working; new code needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import OperationalError

from background_task import inline, settings
from background_task import tasks as tasks_module
from background_task.claims import Claim
from background_task.discovery import import_tasks as autodiscover
from background_task.outcomes import Failed
from background_task.registry import Registry, registry
from background_task.tasks import TaskProxy, background

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from background_task.models import ScheduledTask

__all__ = [
    "AppSettings",
    "DBTaskRunner",
    "Tasks",
    "app_settings",
    "autodiscover",
    "bg_runner",
    "tasks",
]


class Tasks:
    """The tasks of this process, and how to run them in it."""

    def __init__(self) -> None:
        self._tasks: Registry = registry
        self._runner = DBTaskRunner()

    def background(
        self, name: Callable[..., Any] | str | None = None, *args: Any, **options: Any
    ) -> Any:
        """Make a function a task, as ``@background`` does; a second one of its name replaces it."""
        if callable(name):
            return self.background()(name)

        def declare(function: Callable[..., Any]) -> TaskProxy[..., Any]:
            registry.pop(name or f"{function.__module__}.{function.__qualname__}", None)
            return background(name, *args, **options)(function)

        return declare

    def run_next_task(self, queue: str | None = None) -> bool:
        """Run the next task that is due, of this queue or of all; tell whether there was one."""
        return self._runner.run_next_task(self, queue)

    def run_task(
        self,
        task_name: str | ScheduledTask,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a row, or the row that waits with this name and these arguments.

        Without such a row just the function is called, and what it raises is raised.
        """
        from background_task.models import ScheduledTask

        task = task_name
        if not isinstance(task, ScheduledTask):
            waiting = ScheduledTask.objects.get_task(task, args, kwargs).unlocked().first()
            if waiting is None:
                registry.find(task).now(*(args or ()), **(kwargs or {}))
                return
            task = waiting
        owner = self._runner.worker_name
        row = task if task.locked_by == owner else task.lock(owner)
        if row is None:
            return  # another process runs it
        ended = inline.run_claim(_claim_on(row))
        if isinstance(ended, Failed):
            what = "Marking as failed" if ended.is_last else "Rescheduling"
            tasks_module.logger.error("%s %s: %s", what, row, ended.error)


class DBTaskRunner:
    """Runs rows in this process; the sender of ``task_created``."""

    @property
    def worker_name(self) -> str:
        """What claims of this process say of their owner."""
        return inline.worker_name()

    def get_task_to_run(self, _tasks: Tasks, queue: str | None = None) -> ScheduledTask | None:
        """Claim the next task that is due; None if there is none, or no database."""
        from background_task.models import ScheduledTask

        try:
            claim = inline.claim_next(queue)
            return ScheduledTask.objects.get(pk=claim.id) if claim else None
        except OperationalError:
            tasks_module.logger.warning("Failed to retrieve tasks. Database unreachable.")
            return None

    def run_next_task(self, tasks: Tasks, queue: str | None = None) -> bool:
        """Run the next task that is due; tell whether there was one."""
        task = self.get_task_to_run(tasks, queue)
        if task is not None:
            tasks.run_task(task)
        return task is not None


def bg_runner(
    proxy_task: TaskProxy[..., Any], task: ScheduledTask | None = None, *args: Any, **kwargs: Any
) -> None:
    """Run a row, or the row that waits with this task and these arguments."""
    tasks.run_task(task or proxy_task.name, args, kwargs)


class AppSettings:
    """The settings that are in force, by their names in 1.2.8, with or without its prefix."""

    def __getattr__(self, name: str) -> Any:
        project = settings.read()
        values = {
            "MAX_ATTEMPTS": project.max_attempts,
            "MAX_RUN_TIME": project.timeout_seconds,
            "RUN_ASYNC": False,  # a process runs one task at a time
            "ASYNC_THREADS": project.workers,
            "PRIORITY_ORDERING": "" if project.lowest_first else "-",
        }
        try:
            return values[name.removeprefix("BACKGROUND_TASK_")]
        except KeyError:
            raise AttributeError(f"1.2.8 had no setting {name}") from None


def _claim_on(row: ScheduledTask) -> Claim:
    """Return the claim that ``lock`` made on a row."""
    project = settings.read()
    return Claim(
        id=row.pk,
        token=row.token,
        attempt=row.attempts,
        max_attempts=row.max_attempts or project.max_attempts,
        timeout_seconds=row.timeout_seconds or project.timeout_seconds,
        task_name=row.task_name,
        task_params=row.task_params,
        queue=row.queue,
        has_sequel=row.repeat > 0 or bool(row.cron) or row.hold_seconds is not None,
    )


tasks: Final = Tasks()
app_settings: Final = AppSettings()
