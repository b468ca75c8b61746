"""The figure of a run as a table: the same series, read at a few dozen moments."""

from __future__ import annotations

import bisect
import dataclasses
from typing import TYPE_CHECKING, Final

from reports.page.faults import at_work
from reports.page.timeline import round_step
from reports.page.wording import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.faults import FaultWindow
    from reports.page.panels import Reading
    from reports.page.timeline import Phase, Timeline

_MOST_ROWS: Final = 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DigestRow:
    """A stretch of the run; a figure is the one at its end, or of its last bucket."""

    seconds: str
    phase: str
    figures: tuple[tuple[str, str], ...]
    faults: str


def digest(
    readings: Sequence[Reading],
    phases: Sequence[Phase],
    faults: Sequence[FaultWindow],
    timeline: Timeline,
) -> tuple[DigestRow, ...]:
    """Read the series at the ends of equally long stretches, with the faults of each stretch."""
    step = round_step(timeline.end / _MOST_ROWS)
    rows = []
    for number in range(int(timeline.end / step) + 1):
        start, end = number * step, min((number + 1) * step, timeline.end)
        names = dict.fromkeys(fault.fault for fault in at_work(faults, start, end))
        rows.append(
            DigestRow(
                seconds=f"{start:g} to {end:.4g}",
                phase=next((p.name for p in reversed(phases) if p.start <= end), ""),
                figures=tuple((r.label, _said(r, _mean_or_last(r, start, end))) for r in readings),
                faults=", ".join(names),
            )
        )
    return tuple(rows)


def _mean_or_last(reading: Reading, start: float, end: float) -> float | None:
    """The mean of a rate over the stretch; of anything else the last value in it, if any."""
    first = bisect.bisect_left(reading.times, start - 1e-9)
    last = bisect.bisect_left(reading.times, end - 1e-9)
    inside = [value for value in reading.values[first:last] if value is not None]
    if reading.unit == "per_second":
        return sum(inside) / len(inside) if inside else 0.0
    if reading.unit == "seconds":
        return inside[-1] if inside else None
    return reading.values[max(last - 1, 0)]


def _said(reading: Reading, value: float | None) -> str:
    if value is None:
        return "none"
    if reading.unit == "seconds":
        return duration(value)
    return f"{value:.1f}" if reading.unit == "per_second" else f"{value:.0f}"
