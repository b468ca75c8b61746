"""Real workers of Celery and Huey on the test database; none of them outlives its test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.db import connection

from engine.project.lifeline import PARENT
from engine.tests.waiting import PATIENCE_SECONDS, wait_until
from engine.tests.workers import REPOSITORY, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.brokers import Broker

CELERY = "celery"
HUEY = "huey"


class Elsewhere:
    """A project whose tasks go to Celery or to Huey, on one broker."""

    def __init__(self, place: str, broker: Broker, folder: Path) -> None:
        self.place = place
        self.broker_name = broker.name
        self._broker = broker
        self._folder = folder

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker with two processes until the end of the block."""
        with self.process(*self._worker_command()) as process:
            yield process

    @contextlib.contextmanager
    def process(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command in this project's environment; what is left of it ends with the block."""
        with (self._folder / "processes.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=self._folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(PATIENCE_SECONDS)

    def run(self, *command: str) -> None:
        """Run a command to its end, which must be a good one."""
        with self.process(*command) as process:
            assert process.wait(PATIENCE_SECONDS) == 0, self.log()

    def wait_until_drained(self) -> None:
        """Return when a task that was sent last has run: the broker has no other then."""
        marker = self._folder / "marker.ran"
        marker.unlink(missing_ok=True)
        self.run(
            "-c",
            "import django; django.setup(); from engine.tests.troubles.tasks import note;"
            f" note({str(self._folder)!r}, 'marker')",
        )
        wait_until(marker.exists, explain=self.log)

    def manage(self, *arguments: str) -> tuple[str, ...]:
        """Return a management command of this project."""
        return ("-m", "engine.project.manage", *arguments)

    def log(self) -> str:
        """Return what the processes have printed."""
        return (self._folder / "processes.log").read_text()[-4000:]

    def _worker_command(self) -> tuple[str, ...]:
        if self.place == HUEY:
            return self.manage("run_huey")
        options = ("--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=INFO")
        return ("-m", "celery", "-A", "engine.tests.celery_project", "worker", *options)

    def _environment(self) -> dict[str, str]:
        database = {key: value for key, value in connection.settings_dict.items() if key != "TEST"}
        extra = [
            "engine.tests.troubles",
            "engine.tests.outgrown",
            f"engine.tests.{self.place}_project",
        ]
        project: dict[str, Any] = {
            "INSTALLED_APPS": [*django_settings.INSTALLED_APPS, *extra],
            "BACKGROUND_TASK": SETTINGS,
            "BACKGROUND_TASK_DISPATCH": self.place,
        }
        if self.place == HUEY:
            project["INSTALLED_APPS"].append("huey.contrib.djhuey")
            project["HUEY"] = {
                "immediate": False,
                "connection": {"url": self._broker.url},
                "consumer": {"workers": 2, "worker_type": "process", "scheduler_interval": 1},
            }
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "engine.project.settings",
            "KILLPROOF_DATABASE": json.dumps(database),
            "KILLPROOF_SETTINGS": json.dumps(project),
            "KILLPROOF_BROKER": self._broker.url,
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "engine")]),
            PARENT: str(os.getpid()),
        }
