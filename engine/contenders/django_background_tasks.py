"""django-background-tasks 1.2.8 as a contender.

It imports as ``background_task`` like the reference engine, so it has an environment of its own.
A worker is one process, so there are as many workers as processes. All its settings are the
product's defaults but for the knobs: a worker that finds nothing sleeps for 5 seconds, and one
that found a task sleeps for up to 0.1 seconds after it, which no option changes.

Knobs:
    sleep_seconds: ``--sleep``, the pause after a look into an empty queue.
    max_attempts: its setting MAX_ATTEMPTS, 25 by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.contenders import packages
from engine.contenders.django_queue import DjangoQueue

if TYPE_CHECKING:
    from pathlib import Path

    from engine.contenders.contender import Site

VERSION: Final = "1.2.8"

_REQUIREMENTS: Final = {"django-background-tasks": VERSION}


class DjangoBackgroundTasks(DjangoQueue):
    """Workers that look at all that waits to take one task each."""

    name = "django-background-tasks"
    title = f"django-background-tasks {VERSION}"
    delivery = "at least once, but a killed worker's task waits for an hour; 25 attempts"
    producer = "engine.contenders.producers.django_background_tasks"
    knobs: ClassVar[tuple[str, ...]] = ("sleep_seconds", "max_attempts")
    tables: ClassVar[tuple[str, ...]] = ("background_task", "background_task_completedtask")

    def python(self) -> Path:
        """Return the interpreter of its own environment."""
        return packages.contender_python(self.name, _REQUIREMENTS)

    def packages(self) -> dict[str, str]:
        """Return the versions of the queue, Django and the drivers."""
        return packages.versions(_REQUIREMENTS)

    def workers(self, site: Site) -> int:
        """Return one worker for each process."""
        return site.processes

    def settings(self, site: Site) -> dict[str, Any]:
        """Return the load task's app, and the knob that no option of the command is for."""
        attempts = site.settings.get("max_attempts")
        changed = {} if attempts is None else {"MAX_ATTEMPTS": attempts}
        return {"EXTRA_APPS": ["engine.contenders.apps.background"], **changed}

    def worker_arguments(self, site: Site) -> tuple[str, ...]:
        """Return a ``process_tasks``."""
        sleep = site.settings.get("sleep_seconds")
        return ("process_tasks",) if sleep is None else ("process_tasks", f"--sleep={sleep}")
