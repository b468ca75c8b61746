"""The reference engine of this repository as a contender.

All its settings are the product's defaults, lease, heartbeat and poll interval (5 s) included,
but for the knobs. Every task has a key of its own, so none is ignored as a duplicate.

Knobs:
    sleep_seconds: ``--sleep``, the longest pause between looks into an empty queue.
    max_attempts: ``--max-attempts``.
    keep_completed: whether tasks that ended are kept, in the table of completed tasks.
    lease_seconds: a worker that says nothing for so long is taken for dead.
    backoff_seconds: pause before the second attempt.
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from engine.contenders import packages
from engine.contenders.django_queue import ENGINE, REPOSITORY, DjangoQueue

if TYPE_CHECKING:
    from engine.contenders.contender import Site


class BackgroundTask(DjangoQueue):
    """One supervisor that claims batches for its processes."""

    name = "background_task"
    title = "background_task"
    delivery = "at least once: a lease of 15 s, 3 attempts, then the failed tasks"
    producer = "engine.contenders.producers.background_task"
    knobs: ClassVar[tuple[str, ...]] = (
        *("sleep_seconds", "max_attempts", "keep_completed", "lease_seconds", "backoff_seconds"),
    )
    tables: ClassVar[tuple[str, ...]] = (
        "background_task_scheduledtask",
        "background_task_completedtask",
        "background_task_failedtask",
    )

    def python(self) -> Path:
        """Return the running interpreter."""
        return Path(sys.executable)

    def packages(self) -> dict[str, str]:
        """Return the versions of the engine, Django and the drivers."""
        return packages.versions({"killproof": importlib.metadata.version("killproof")})

    def import_path(self) -> tuple[Path, ...]:
        """Return the repository, and the folder that the engine lies in."""
        return (REPOSITORY, ENGINE)

    def settings(self, site: Site) -> dict[str, Any]:
        """Return the load task's app, and those knobs that no option of the command is for."""
        knobs = ("keep_completed", "lease_seconds", "backoff_seconds")
        changed = {name.upper(): site.settings[name] for name in knobs if name in site.settings}
        return {"EXTRA_APPS": ["engine.contenders.apps.background"], "BACKGROUND_TASK": changed}

    def worker_arguments(self, site: Site) -> tuple[str, ...]:
        """Return a ``process_tasks`` of so many processes."""
        options = {"sleep_seconds": "--sleep", "max_attempts": "--max-attempts"}
        given = [
            f"{option}={site.settings[name]}"
            for name, option in options.items()
            if name in site.settings
        ]
        return ("process_tasks", f"--workers={site.processes}", *given)
