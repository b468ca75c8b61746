"""django-tasks-db 0.13.0 as a contender: the database backend of Django's own tasks interface.

The interface is ``django.tasks`` from Django 6.0 on, and the package django-tasks before. A worker
is one process, so there are as many workers as processes. All its settings are the product's
defaults but for the knob: a worker that finds nothing sleeps for 1 second, every task is logged,
and what ended stays in the one table that also holds what waits. It does not retry, so a task that
is to fail once ends there.

Knobs:
    sleep_seconds: ``--interval``, the pause after a look into an empty queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import django

from engine.contenders import packages
from engine.contenders.django_queue import DjangoQueue

if TYPE_CHECKING:
    from pathlib import Path

    from engine.contenders.contender import Site

VERSION: Final = "0.13.0"

_NEEDS_BACKPORT: Final = django.VERSION < (6, 0)
_BACKPORT: Final = {"django-tasks": "0.12.0"} if _NEEDS_BACKPORT else {}
_REQUIREMENTS: Final = {"django-tasks-db": VERSION, **_BACKPORT}


class DjangoTasksDB(DjangoQueue):
    """Workers that lock one row each, and keep it when they die."""

    name = "django-tasks-db"
    title = f"django-tasks-db {VERSION}"
    delivery = "at most once: no retry, and a killed worker's task is RUNNING for ever"
    producer = "engine.contenders.producers.django_tasks_db"
    knobs: ClassVar[tuple[str, ...]] = ("sleep_seconds",)
    tables: ClassVar[tuple[str, ...]] = ("django_tasks_database_dbtaskresult",)
    live: ClassVar[str] = "status IN ('READY', 'RUNNING')"

    def python(self) -> Path:
        """Return the interpreter of its own environment."""
        return packages.contender_python(self.name, _REQUIREMENTS)

    def packages(self) -> dict[str, str]:
        """Return the versions of the queue, the interface, Django and the drivers."""
        return packages.versions(_REQUIREMENTS)

    def workers(self, site: Site) -> int:
        """Return one worker for each process."""
        return site.processes

    def settings(self, site: Site) -> dict[str, Any]:
        """Return the apps without ``background_task``, and the backend."""
        del site
        return {
            "INSTALLED_APPS": [
                "django.contrib.contenttypes",
                "django.contrib.auth",
                *(["django_tasks"] if _NEEDS_BACKPORT else []),
                "django_tasks_db",
                "engine.project",
            ],
            "TASKS": {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}},
        }

    def worker_arguments(self, site: Site) -> tuple[str, ...]:
        """Return a ``db_worker``."""
        sleep = site.settings.get("sleep_seconds")
        return ("db_worker",) if sleep is None else ("db_worker", f"--interval={sleep}")
