"""Real ``process_tasks`` processes on the test database, none of which outlives its test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from django.conf import settings as django_settings
from django.db import connection

from engine.project.lifeline import PARENT
from engine.tests.waiting import PATIENCE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = {"SLEEP_SECONDS": 0.2, "BACKOFF_SECONDS": 0.01}


class Worker:
    """One ``process_tasks`` and what it printed."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid

    def log(self) -> str:
        """Return what it has printed."""
        return self._log.read_text()

    def children(self) -> list[psutil.Process]:
        """Return the processes that run its tasks."""
        return psutil.Process(self.pid).children()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor alone."""
        self._process.send_signal(number)

    def send_all(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor and its children, as a terminal does."""
        os.killpg(self.pid, number)

    def wait(self) -> int:
        """Return its exit code, when it has ended."""
        wait_until(lambda: self._process.poll() is not None, explain=self.log)
        return self._process.wait()

    def wait_for(self, text: str) -> None:
        """Return when it has printed ``text``."""
        wait_until(lambda: text in self.log(), explain=lambda: f"no {text!r} in {self.log()}")

    def stop(self) -> int:
        """Stop it gracefully; return its exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def end(self) -> None:
        """Kill what is left of it and its children."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_SECONDS)


class Workers:
    """Starts workers, and ends them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Worker] = []

    def start(
        self, *arguments: str, database: Mapping[str, Any] | None = None, **settings: Any
    ) -> Worker:
        """Start ``process_tasks`` with arguments and keys of ``BACKGROUND_TASK``.

        ``database`` replaces settings of the test database.
        """
        log = self._folder / f"worker-{len(self._started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "engine.project.manage", "process_tasks", *arguments],
                cwd=REPOSITORY,
                env=_environment(database or {}, settings),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(Worker(process, log))
        return self._started[-1]

    def end(self) -> None:
        """End all of them."""
        for worker in self._started:
            worker.end()


def refusal(*arguments: str, **changes: Any) -> tuple[int, str]:
    """Run a ``process_tasks`` that must not start; return its exit code and its stderr."""
    database = changes.pop("database", {})
    ended = subprocess.run(
        [sys.executable, "-m", "engine.project.manage", "process_tasks", *arguments],
        cwd=REPOSITORY,
        env=_environment(database, changes),
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        text=True,
    )
    return ended.returncode, ended.stderr


def _environment(database: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
    here = {name: value for name, value in connection.settings_dict.items() if name != "TEST"}
    project = {
        "INSTALLED_APPS": [*django_settings.INSTALLED_APPS, "engine.tests.troubles"],
        "BACKGROUND_TASK": {**SETTINGS, **settings},
    }
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "engine.project.settings",
        "KILLPROOF_DATABASE": json.dumps({**here, **database}),
        "KILLPROOF_SETTINGS": json.dumps(project),
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "engine")]),
        PARENT: str(os.getpid()),
    }
