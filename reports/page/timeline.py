"""The run's time: one zero for all figures, and the phases between which it is divided.

Everything that is drawn is in seconds since the first op, so any two figures can be compared.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.schema import Op

_NANOSECONDS = 1e9
_SHORTEST_SPAN = 0.001
_MOST_TICKS = 6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The clock of one run's page: ``zero`` is in nanoseconds, ``end`` in seconds after it."""

    zero: int
    end: float

    @classmethod
    def of(cls, ops: Sequence[Op]) -> Timeline:
        """Start at the first op and end at the last one; of no ops at all, a second of nothing."""
        if not ops:
            return cls(zero=0, end=1.0)
        zero = ops[0].time
        return cls(zero=zero, end=max((ops[-1].time - zero) / _NANOSECONDS, _SHORTEST_SPAN))

    def seconds(self, op: Op) -> float:
        """When an op happened."""
        return (op.time - self.zero) / _NANOSECONDS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A named part of the run."""

    name: str
    start: float
    end: float


def find_phases(ops: Sequence[Op], timeline: Timeline) -> list[Phase]:
    """Each phase lasts until the next one begins, and the last one until the end."""
    marks = [op for op in ops if op.f == "phase"]
    starts = [timeline.seconds(op) for op in marks]
    return [
        Phase(name=str(op.value.get("name", "unnamed")), start=start, end=end)
        for op, (start, end) in zip(marks, itertools.pairwise([*starts, timeline.end]), strict=True)
    ]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TimeAxis:
    """A stretch of the run that a figure shows, as wide as the figure: 0 to 100 percent."""

    start: float
    end: float

    @classmethod
    def around(cls, start: float, end: float) -> TimeAxis:
        """Show a stretch with a little air on both sides."""
        air = max((end - start) * 0.04, _SHORTEST_SPAN)
        return cls(start=max(start - air, 0.0), end=end + air)

    def percent(self, seconds: float) -> float:
        """Where a moment is; what lies outside is put at the edge."""
        share = (seconds - self.start) / (self.end - self.start)
        return 100 * min(max(share, 0.0), 1.0)

    def shows(self, seconds: float) -> bool:
        """Tell whether a moment is inside the stretch."""
        return self.start <= seconds <= self.end

    def ticks(self, most: int = _MOST_TICKS) -> list[tuple[float, str]]:
        """The round moments to be labelled: at most so many, which a narrow screen has room for."""
        step = round_step((self.end - self.start) / most)
        decimals = max(0, -math.floor(math.log10(step)))
        first = math.ceil(self.start / step)
        last = math.floor(self.end / step)
        return [(n * step, f"{n * step:.{decimals}f} s") for n in range(first, last + 1)]


def round_step(least: float) -> float:
    """Find the smallest of 1, 2, 5, 10, 20, ... (or 0.1, 0.2, ...) that is not below a figure."""
    power: float = 10.0 ** math.floor(math.log10(least))
    steps = (power, 2 * power, 5 * power, 10 * power)
    return next((step for step in steps if step >= least), steps[-1])
