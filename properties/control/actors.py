"""Workers and producers that call 1.2.8 as its own command does, and tell the story.

It has no token. A claim gets one here, the next number, so that the judge can tell claims apart.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any, Final

from properties.control.theirs import background, signals, tasks
from properties.interleaving import gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from properties.stories.story import Story

LOCK_SECONDS: Final = 3600.0
"""Its setting MAX_RUN_TIME, by default."""

MAX_ATTEMPTS: Final = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A task that a worker locked."""

    id: int
    token: int
    attempt: int
    max_attempts: int
    task: Any


class Underway(threading.local):
    """What the calling thread runs, and how that ended, as the signals of 1.2.8 say."""

    worker: Worker | None = None
    held: Held | None = None
    ended: str = ""


UNDERWAY: Final = Underway()


class OutOfInkError(Exception):
    """What a body raises that fails."""


@background()  # type: ignore[untyped-decorator]
def print_invoice(number: int, fails: bool = False) -> None:
    """Have an effect, or fail."""
    del number
    worker, held = UNDERWAY.worker, UNDERWAY.held
    assert worker is not None
    assert held is not None
    worker.story.tell_of("started", held, by=worker.name)
    gate("body")
    if fails:
        raise OutOfInkError
    worker.story.tell_of("effect", held, by=worker.name)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One ``process_tasks``."""

    name: str
    story: Story
    tokens: Iterator[int]

    def lock(self) -> Held | None:
        """Claim the next task, as ``run_next_task`` does."""
        runner = tasks.DBTaskRunner()
        runner.worker_name = self.name
        task = runner.get_task_to_run(tasks.tasks)
        if task is None:
            return None
        held = Held(
            id=task.pk,
            token=next(self.tokens),
            attempt=task.attempts + 1,
            max_attempts=MAX_ATTEMPTS,
            task=task,
        )
        self.story.tell_of("claimed", held, by=self.name, lease=LOCK_SECONDS)
        return held

    def run(self, held: Held) -> None:
        """Run a task and record how it ended, as ``run_next_task`` does."""
        UNDERWAY.worker, UNDERWAY.held, UNDERWAY.ended = self, held, ""
        proxy = tasks.tasks._tasks[held.task.task_name]
        tasks.bg_runner(proxy, held.task)

    def work(self) -> bool:
        """Lock a task and run it; False if there is none."""
        held = self.lock()
        if held is not None:
            self.run(held)
        return held is not None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """Enqueues.

    Attributes:
        calls: the row of each call, by its hash.
    """

    name: str
    story: Story
    calls: dict[str, int]

    def enqueue(self, number: int, **options: Any) -> int | None:
        """Make one call; None if 1.2.8 says that there is such a task already."""
        task = print_invoice(number, **options)
        if task is None:
            return None
        self.story.tell("enqueued", task.pk, by=self.name)
        self.calls[task.task_hash] = task.pk
        return int(task.pk)


def tell_of_ends() -> None:
    """Have the story told what became of tasks, once 1.2.8 has written it down."""
    signals.task_successful.connect(_tell_of_success, weak=False)
    signals.task_error.connect(_note_failure, weak=False)
    signals.task_finished.connect(_tell_of_failure, weak=False)


def _tell_of_success(**_: Any) -> None:
    _tell("finished")


def _note_failure(**_: Any) -> None:
    UNDERWAY.ended = "failed"


def _tell_of_failure(**_: Any) -> None:
    if UNDERWAY.ended == "failed":
        _tell("failed")


def _tell(what: str) -> None:
    worker, held = UNDERWAY.worker, UNDERWAY.held
    if worker is not None and held is not None:
        worker.story.tell_of(what, held, by=worker.name)
