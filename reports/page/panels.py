"""The panels below the fault lanes: throughput, backlog, attempts in flight, and waits.

Each draws itself on axes of matplotlib and says what a crosshair reads off it at any moment.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from reports.ink import ink
from reports.page.dots import is_crowd, limits, paint_dots, paint_quantiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from reports.page.fates import TaskPoint
    from reports.page.series import Buckets, Step


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A series as the crosshair reads it: a value holds from its time to the next one."""

    label: str
    unit: Literal["per_second", "count", "seconds"]
    times: tuple[float, ...]
    values: tuple[float | None, ...]

    def to_json(self) -> dict[str, Any]:
        """Round for the page: what is finer than a pixel is not needed."""
        values = [None if value is None else float(f"{value:.4g}") for value in self.values]
        times = [round(time, 4) for time in self.times]
        return {"label": self.label, "unit": self.unit, "times": times, "values": values}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel of the figure: its height is in pixels."""

    title: str
    height: float
    paint: Callable[[Axes], None]
    readings: tuple[Reading, ...]


def throughput(starts: Buckets, finishes: Buckets) -> Panel:
    """Starts and finishes per second."""

    def paint(axes: Axes) -> None:
        edges = finishes.edges
        values = [value or 0.0 for value in finishes.values]
        axes.stairs(values, edges, fill=True, color=ink("blue"), alpha=0.35, label="finishes")
        begun = [value or 0.0 for value in starts.values]
        axes.stairs(begun, edges, color=ink("vermillion"), linewidth=1.3, label="starts")
        _count_axis(axes)

    readings = (_of_buckets("starts", starts), _of_buckets("finishes", finishes))
    return Panel(title="Throughput, per second", height=92, paint=paint, readings=readings)


def count(title: str, label: str, steps: Sequence[Step], colour: str) -> Panel:
    """Something that is counted, from step to step."""
    times = tuple(step.time for step in steps)
    sizes = tuple(step.size for step in steps)

    def paint(axes: Axes) -> None:
        # The last step holds until the end of the axis.
        end = axes.get_xlim()[1]
        axes.step([*times, end], [*sizes, sizes[-1]], where="post", color=ink(colour), lw=1.6)
        axes.fill_between(
            [*times, end], [*sizes, sizes[-1]], step="post", color=ink(colour), alpha=0.18, lw=0
        )
        _count_axis(axes)

    readings = (Reading(label=label, unit="count", times=times, values=sizes),)
    return Panel(title=title, height=78, paint=paint, readings=readings)


def waits(
    points: Sequence[TaskPoint], drawn: Sequence[TaskPoint], median: Buckets, tail: Buckets
) -> Panel:
    """How long tasks waited for their first start, each a dot, by when they were due."""

    def paint(axes: Axes) -> None:
        paint_dots(axes, points, drawn)
        paint_quantiles(axes, median, tail, is_crowded=is_crowd(drawn))
        _wait_axis(axes, points)

    readings = (
        _of_buckets("median", median, "seconds"),
        _of_buckets("95 %", tail, "seconds"),
    )
    title = "Pickup latency of each task, by when it was due"
    return Panel(title=title, height=260, paint=paint, readings=readings)


def _of_buckets(
    label: str, buckets: Buckets, unit: Literal["per_second", "seconds"] = "per_second"
) -> Reading:
    return Reading(label=label, unit=unit, times=tuple(buckets.edges[:-1]), values=buckets.values)


def _wait_axis(axes: Axes, points: Sequence[TaskPoint]) -> None:
    low, high, never = limits(points)
    has_never = high > never
    top = never / 2 if has_never else high
    ticks = [10.0**power for power in range(-3, 6) if low <= 10.0**power < top]
    labels = [f"{tick:g} s" if tick >= 1 else f"{1000 * tick:g} ms" for tick in ticks]
    axes.set_yticks(
        [*ticks, never] if has_never else ticks, [*labels, "never"][: len(ticks) + has_never]
    )
    axes.yaxis.set_minor_locator(NullLocator())


def _count_axis(axes: Axes) -> None:
    axes.set_ylim(bottom=0)
    if axes.get_ylim()[1] < 1:
        axes.set_ylim(top=1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=2))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
