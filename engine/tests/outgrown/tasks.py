"""Tasks that say in a list of this process, or in a file, that they ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from background_task import background, current_task
from background_task.exceptions import Discard, Retry
from engine.tests.troubles.tasks import note

if TYPE_CHECKING:
    from collections.abc import Callable


class Calls(list[int]):
    """What ran; the next body calls ``on_next`` first."""

    on_next: Callable[[], Any] | None = None


calls = Calls()


def _run(number: int) -> list[int]:
    action, calls.on_next = calls.on_next, None
    if action is not None:
        action()
    calls.append(number)
    task = current_task()
    return [number, task.id, task.attempt] if task else [number]


count: Any = background(name="outbox.count")(_run)
count_atomically: Any = background(name="outbox.count_atomically", atomic=True)(_run)
count_rarely: Any = background(name="outbox.count_rarely", unique_for=3600)(_run)
repeat: Any = background(name="outbox.repeat", repeat=60)(_run)


def _complain(text: str) -> None:
    task = current_task()
    calls.append(task.attempt if task else 0)
    raise RuntimeError(text)


complain: Any = background(name="outbox.complain")(_complain)


@background(name="outbox.retry")
def retry() -> None:
    """Ask for another attempt."""
    raise Retry("later", after=7)


@background(name="outbox.discard")
def discard() -> None:
    """Ask for none."""
    raise Discard("never")


@background
def fail_twice(folder: str, key: str) -> None:
    """Note the attempt, and fail unless it is the third."""
    note.now(folder, key)
    task = current_task()
    if task is None or task.attempt < 3:
        raise RuntimeError("not yet")


@background(atomic=True)
def note_atomically(folder: str, key: str) -> None:
    """Note the attempt."""
    note.now(folder, key)
