"""Tasks that a test holds up at a gate, and what they left in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from background_task.models import CompletedTask, FailedTask, ScheduledTask
from engine.tests.troubles import tasks as troubles
from engine.tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from engine.tests.workers import Worker

pass_gate: Any = troubles.pass_gate
note: Any = troubles.note


class Gates:
    """What tasks left in the folder of a test, and the gates that they wait at."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self._folder = folder

    def runs(self, key: str) -> list[int]:
        """Return the attempts in which a task has started."""
        path = self._folder / f"{key}.ran"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def open(self, key: str) -> None:
        """Let a task pass."""
        (self._folder / f"{key}.open").touch()

    def wait_for_run(self, key: str, attempt: int = 1) -> None:
        """Return when a task has started its attempt of that number."""
        wait_until(lambda: attempt in self.runs(key), explain=lambda: f"{key} did not start")


def wait_until_ended(worker: Worker, count: int) -> None:
    """Return when so many tasks have ended, well or badly."""
    wait_until(
        lambda: CompletedTask.objects.count() + FailedTask.objects.count() >= count,
        explain=worker.log,
    )


def wait_until_empty(worker: Worker) -> None:
    """Return when no task is live any more."""
    wait_until(lambda: not ScheduledTask.objects.exists(), explain=worker.log)


def enqueue_held_back(gates: Gates, count: int) -> None:
    """Enqueue a task that will wait, of a kind that was fast until now, and others behind it."""
    with transaction.atomic():
        pass_gate(gates.folder, "slow", priority=1)
        for number in range(count):
            pass_gate(gates.folder, f"behind-{number}")
            gates.open(f"behind-{number}")


def show_that_it_is_fast(worker: Worker, gates: Gates) -> None:
    """Have the worker run many tasks, so that it claims ahead from now on."""
    with transaction.atomic():
        for number in range(40):
            gates.open(f"fast-{number}")
            pass_gate(gates.folder, f"fast-{number}")
    wait_until_ended(worker, 40)
