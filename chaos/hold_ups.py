"""Whom faults held up, and until when: an index of the windows, for checkers that ask often.

A question costs one search by bisection, however many faults a run had.
"""

from __future__ import annotations

import bisect
import collections
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chaos.windows import Window


class HoldUps:
    """The windows by whom they hold up: everybody who asks the database, or single processes."""

    def __init__(self, windows: Iterable[Window]) -> None:
        of_database, by_pid = [], collections.defaultdict(list)
        for window in windows:
            if window.disturbs == "database":
                of_database.append(window)
            elif window.disturbs == "processes":
                for pid in window.pids:
                    by_pid[pid].append(window)
        self._of_database = _Spans(of_database)
        self._by_pid = {pid: _Spans(own) for pid, own in by_pid.items()}

    def last_close(self, pid: int | None, start: float, end: float) -> float | None:
        """Return when the last fault closed that held up a process from ``start`` to ``end``.

        None if there was no such fault; infinity if one was never healed. Without a pid only the
        database is asked about.
        """
        own = self._by_pid.get(pid) if pid is not None else None
        asked = [self._of_database] if own is None else [self._of_database, own]
        closes = [spans.last_close(start, end) for spans in asked]
        return max((close for close in closes if close is not None), default=None)


class _Spans:
    """Windows by their opening, each with the latest close of it and those before."""

    def __init__(self, windows: Sequence[Window]) -> None:
        ordered = sorted(windows, key=lambda window: window.opened.time)
        self._opened = [window.opened.time for window in ordered]
        self._closed = list(itertools.accumulate((window.closed for window in ordered), max))

    def last_close(self, start: float, end: float) -> float | None:
        opened = bisect.bisect_right(self._opened, end)
        if opened == 0 or self._closed[opened - 1] < start:
            return None
        return self._closed[opened - 1]
