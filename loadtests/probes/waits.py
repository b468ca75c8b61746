"""What sessions were doing, look after look."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ON_CPU = "CPU:CPU"


class Waits:
    """Samples of active sessions by "class:event"."""

    def __init__(self) -> None:
        self._looks: list[tuple[int, Mapping[str, int]]] = []

    def look(self, time_ns: int, sessions: Mapping[str, int]) -> None:
        """Take one look at all sessions; an idle database gives an empty one."""
        self._looks.append((time_ns, dict(sessions)))

    def within(self, begin_ns: int, end_ns: int) -> tuple[dict[str, int], int]:
        """Tell the samples within a window, most frequent first, and how many looks it had."""
        inside = [sessions for time_ns, sessions in self._looks if begin_ns <= time_ns <= end_ns]
        total: Counter[str] = Counter()
        for sessions in inside:
            total.update(sessions)
        return dict(total.most_common()), len(inside)
