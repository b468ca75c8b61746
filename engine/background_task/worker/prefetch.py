"""How many tasks to claim ahead: enough to keep fast children busy, never a second of slow work.

Pure decisions over the durations seen so far. A task whose name was not seen yet, or that was slow
lately, is claimed only for a child that is free to start it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from background_task.claims import Claim

SLICE_SECONDS: Final = 0.1
"""A child is handed at most this much expected work at once."""

SLICE_LENGTH: Final = 200
"""A child is handed at most this many tasks at once."""

SLICE_BYTES: Final = 1 << 20
"""A child is handed at most this much JSON at once, or a single task."""

_MEMORY: Final = 0.2


class Durations:
    """The expected duration of a task by its name: a moving average that rises at once."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._any = SLICE_SECONDS

    def note(self, task_name: str, seconds: float) -> None:
        """Learn from one run."""
        self._seconds[task_name] = _blend(self._seconds.get(task_name, seconds), seconds)
        self._any = _blend(self._any, seconds)

    def of(self, task_name: str) -> float:
        """Return the expected seconds; a whole slice for a name that was never seen."""
        return self._seconds.get(task_name, SLICE_SECONDS)

    def slice_length(self) -> int:
        """Return how many tasks of the recent mixture make a slice."""
        return max(1, min(SLICE_LENGTH, int(SLICE_SECONDS / max(self._any, 1e-6))))


def wanted(*, children: int, idle: int, waiting: int, slice_length: int) -> int:
    """Return how many tasks to claim now.

    Slow tasks (a slice is one task): one for each idle child. Fast ones: a slice for each child
    besides the one that it runs, claimed when less than half of that is left.

    Args:
        children: worker processes.
        idle: those with nothing to do.
        waiting: claimed tasks that no child has been handed.
        slice_length: of ``Durations.slice_length``.
    """
    if slice_length == 1:
        return max(0, idle - waiting)
    full = children * slice_length
    return full - waiting if waiting <= full // 2 else 0


def next_slice(waiting: Iterable[Claim], durations: Durations) -> list[Claim]:
    """Return the first tasks of ``waiting`` that one child should get; at least one if any."""
    chosen: list[Claim] = []
    seconds, size = 0.0, 0
    for claim in waiting:
        seconds += durations.of(claim.task_name)
        size += len(claim.task_params)
        if chosen and (
            seconds > SLICE_SECONDS or size > SLICE_BYTES or len(chosen) == SLICE_LENGTH
        ):
            break
        chosen.append(claim)
    return chosen


def _blend(old: float, new: float) -> float:
    return max(new, old) if new > 10 * old else old + _MEMORY * (new - old)
