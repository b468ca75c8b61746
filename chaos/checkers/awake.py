"""How long the machine was awake: seconds that count although the machine is shared and may freeze.

Of a silence, in which no process of the run said anything, no more than half a recovery time
counts: whether the queue stood still then or the machine did, nobody can tell.
"""

from __future__ import annotations

import bisect
import itertools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chaos.history import History
    from engine.subjects.contract import Contract

OF_A_SILENCE: Final = 0.5


class Awake:
    """Measures times of one run; the ops have to be in the order of their times."""

    def __init__(self, history: History, contract: Contract) -> None:
        """Add up the run once."""
        self._cap = contract.recovery_seconds * OF_A_SILENCE * 1e9
        self._times = [op.time for op in history.ops]
        gaps = (min(later - time, self._cap) for time, later in itertools.pairwise(self._times))
        self._sums = list(itertools.accumulate(gaps, initial=0.0))

    def seconds(self, start: float, end: float) -> float:
        """Return how much of the time from ``start`` to ``end`` counts."""
        return max(0.0, self._until(end) - self._until(start)) / 1e9

    def _until(self, time: float) -> float:
        index = bisect.bisect_right(self._times, time) - 1
        if index < 0:
            return 0.0
        return self._sums[index] + min(time - self._times[index], self._cap)
