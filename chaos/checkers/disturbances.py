"""When any fault was at work that may hold somebody up, as disjoint intervals that answer fast.

A process that a fault froze or cut off may keep locks on rows that are not its own business, so
who waits for such a row is excused whoever was struck.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaos.windows import Window


class Disturbances:
    """The times of all windows that disturb processes or the database."""

    def __init__(self, windows: Iterable[Window]) -> None:
        """Join the windows that overlap."""
        self._starts: list[float] = []
        self._ends: list[float] = []
        disturbing = [window for window in windows if window.disturbs != "nothing"]
        for window in sorted(disturbing, key=lambda window: window.opened.time):
            if self._ends and window.opened.time <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], window.closed)
            else:
                self._starts.append(window.opened.time)
                self._ends.append(window.closed)

    def at_work(self, start: float, end: float) -> bool:
        """Tell whether one was at work at any time from ``start`` to ``end``."""
        index = bisect.bisect_right(self._starts, end) - 1
        return index >= 0 and self._ends[index] >= start
