"""django-ox 1.9.1 as a contender: Django's tasks interface with leases, retries and a reaper.

It needs Python 3.12 or later, and all contenders run on the Python of the harness, so that none
has a faster one: on an older Python it is not to be had. A worker is one process of one thread, so
there are as many workers as processes. All its settings are the product's defaults but for the
knob: a worker that finds nothing sleeps for 1 second, a lease lasts 300 seconds, every task is
logged, and what ended stays in the one table that also holds what waits. Other tables refer to
that one, and MySQL empties no such table, so it is compared on the other databases.

Knobs:
    sleep_seconds: ``--interval``, the pause after a look into an empty queue.
"""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

import django

from engine.contenders import packages
from engine.contenders.django_queue import DjangoQueue
from engine.subjects import SubjectUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from engine.contenders.contender import Site

VERSION: Final = "1.9.1"
FIRST_PYTHON: Final = (3, 12)

_NEEDS_BACKPORT: Final = django.VERSION < (6, 0)
_BACKPORT: Final = {"django-tasks": "0.12.0"} if _NEEDS_BACKPORT else {}
_REQUIREMENTS: Final = {"django-ox": VERSION, **_BACKPORT}


class DjangoOx(DjangoQueue):
    """Workers that lock one row each, and renew its lease while it runs."""

    name = "django-ox"
    title = f"django-ox {VERSION}"
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    delivery = "at least once: a lease of 300 s, 3 attempts, then FAILED or LOST"
    # Its tasks are declared and enqueued through the same interface of Django's.
    producer = "engine.contenders.producers.django_tasks_db"
    knobs: ClassVar[tuple[str, ...]] = ("sleep_seconds",)
    tables: ClassVar[tuple[str, ...]] = ("django_ox_oxtask", "django_ox_oxscheduletick")
    live: ClassVar[str] = "status IN ('READY', 'RUNNING')"

    def python(self) -> Path:
        """Return the interpreter of its own environment.

        Raises:
            SubjectUnavailableError: this Python is too old for it, or it cannot be installed.
        """
        if sys.version_info < FIRST_PYTHON:
            raise SubjectUnavailableError(
                f"django-ox needs Python {'.'.join(map(str, FIRST_PYTHON))} or later, and this is "
                f"{platform.python_version()}: run the session with a newer one, as in nox -P 3.12"
            )
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
                "django_ox",
                "engine.project",
            ],
            "TASKS": {"default": {"BACKEND": "django_ox.backend.OxBackend"}},
        }

    def worker_arguments(self, site: Site) -> tuple[str, ...]:
        """Return an ``ox_worker``."""
        sleep = site.settings.get("sleep_seconds")
        return ("ox_worker",) if sleep is None else ("ox_worker", f"--interval={sleep}")
