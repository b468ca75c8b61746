"""Counters that only grow and gauges that move, sampled at times, asked about a window later.

The window is known only when the load is over, so increments are kept for each interval between
two samples; an interval that a border of the window cuts counts by the part that is inside.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = TypeVar("Key")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Interval(Generic[Key]):
    begin_ns: int
    end_ns: int
    increments: Mapping[Key, float]


class Counters(Generic[Key]):
    """Cumulative counters, by key."""

    def __init__(self) -> None:
        self._intervals: list[_Interval[Key]] = []
        self._last: dict[Key, float] = {}
        self._last_ns: int | None = None

    def sample(self, time_ns: int, values: Mapping[Key, float]) -> None:
        """Take values at a time; those of the first sample are where counting begins.

        A key that appears later began at zero, and so did a counter that has fallen: its server
        was started again. A key that is missing has not moved.
        """
        if self._last_ns is not None:
            increments = {
                key: increment
                for key, value in values.items()
                if (increment := _increment(self._last.get(key, 0.0), value))
            }
            self._intervals.append(
                _Interval(begin_ns=self._last_ns, end_ns=time_ns, increments=increments)
            )
        self._last.update(values)
        self._last_ns = time_ns

    def within(self, begin_ns: int, end_ns: int) -> dict[Key, float]:
        """Tell by how much each counter grew within a window; one that never moved is 0."""
        grown: dict[Key, float] = defaultdict(float, dict.fromkeys(self._last, 0.0))
        for interval in self._intervals:
            share = _share_inside(interval, begin_ns, end_ns)
            if share > 0:
                for key, increment in interval.increments.items():
                    grown[key] += increment * share
        return dict(grown)


class Gauges:
    """Values that move up and down, by name."""

    def __init__(self) -> None:
        self._samples: list[tuple[int, Mapping[str, float]]] = []

    def sample(self, time_ns: int, values: Mapping[str, float]) -> None:
        """Take values at a time."""
        self._samples.append((time_ns, dict(values)))

    def largest(self, begin_ns: int, end_ns: int) -> dict[str, float]:
        """Tell the largest value that each had within a window."""
        largest: dict[str, float] = {}
        for time_ns, values in self._samples:
            if begin_ns <= time_ns <= end_ns:
                for name, value in values.items():
                    largest[name] = max(value, largest.get(name, value))
        return largest


def _increment(before: float, after: float) -> float:
    return after - before if after >= before else after


def _share_inside(interval: _Interval[Key], begin_ns: int, end_ns: int) -> float:
    length = interval.end_ns - interval.begin_ns
    inside = min(interval.end_ns, end_ns) - max(interval.begin_ns, begin_ns)
    return max(0.0, inside / length) if length else 0.0
