"""The percentile spectrum: the whole tail, at three loads of the capacity."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import FixedLocator, FuncFormatter

from reports.ink import ink
from reports.throughput.blocks import Figure, Key, Panel, Section, Table, columns
from reports.throughput.drawing import draw, time_axis
from reports.throughput.histograms import spectrum
from reports.throughput.pieces import plain, say
from reports.throughput.quantities import digits, milliseconds, rate, share
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.load_steps import Step
    from reports.throughput.cases import Case
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece

LOADS: Final = (0.5, 0.8, 1.0)
"""Shares of the low end of the bracket at which the spectrum is shown."""
_LINES: Final = (("sky", "dotted"), ("blue", "dashed"), ("vermillion", "solid"))
_TAIL: Final = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)
_NAMES: Final = ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")


def section(context: Context) -> Section:
    """Show one panel for each queue with a capacity and stored histograms."""
    cases = [case for case in context.searched() if _chosen(case)]
    if not cases:
        return Section(
            id="spectrum",
            title="Percentile spectrum",
            blocks=(missing("spectrum", "A distribution at a share of the capacity"),),
        )
    return Section(id="spectrum", title="Percentile spectrum", blocks=(_figure(cases),))


def _chosen(case: Case) -> list[tuple[float, Step]]:
    """Return the step nearest to each load of the capacity; a step is taken once."""
    low = case.knee.low if case.knee else None
    if low is None:
        return []
    found: dict[str, tuple[float, Step]] = {}
    for load in LOADS:
        step = case.step_near(load * low)
        if step is not None and "end_to_end" in step.latency and step.latency["end_to_end"].hdr:
            found.setdefault(step.id, (load, step))
    return list(found.values())


def _figure(cases: Sequence[Case]) -> Figure:
    panels = [
        Panel(
            title=titled(case, cases),
            drawing=draw(
                panel_name("spectrum", place),
                f"Percentile spectrum of {plain(case.title)}",
                partial(_paint, case=case),
            ),
        )
        for place, case in enumerate(cases)
    ]
    return Figure(
        title="Time from enqueue to end, by percentile",
        caption="To the right are the slowest tasks, ten times fewer at each mark. A line that "
        "stays flat has no tail; a step is a pause that many tasks waited for.",
        panels=tuple(panels),
        keys=tuple(
            Key(
                label=say("at about {load} of the capacity", load=share(load)),
                color=shade,
                shape=style,
            )
            for load, (shade, style) in zip(LOADS, _LINES, strict=True)
        ),
        table=_table(cases),
    )


def _paint(axes: Axes, case: Case) -> None:
    seen: list[float] = []
    for load, step in _chosen(case):
        shade, style = _LINES[LOADS.index(load)]
        found = [p for p in spectrum(step.latency["end_to_end"]) if p[0] >= LOADS[0]]
        times = [ms for _, ms in found]
        axes.plot([_nines(p) for p, _ in found], times, color=ink(shade), linestyle=style)
        seen += times
    axes.set_yscale("log")
    time_axis(axes.yaxis, [ms for ms in seen if ms])
    ticks = [_nines(p) for p in _TAIL]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda nines, _: _tick(nines)))
    axes.set_xlim(left=ticks[0])
    axes.set_xlabel("percentile, towards the slowest")


def _nines(level: float) -> float:
    """Place a share of tasks on an axis on which each nine takes as much room as the last."""
    return -math.log10(max(1 - level, 1e-9))


def _tick(nines: float) -> str:
    level = 100 * (1 - 10**-nines)
    return f"{round(level, 6):g} %" if level < 100 else digits(level)  # noqa: PLR2004 - of 100


def _table(cases: Sequence[Case]) -> Table:
    rows: list[tuple[Piece, ...]] = []
    for case in cases:
        for load, step in _chosen(case):
            latency = step.latency["end_to_end"]
            times = (milliseconds(getattr(latency, name)) for name in _NAMES)
            rows.append((titled(case, cases), share(load), rate(step.offered_rate), *times))
    names = ("Load", "Offered", "p50", "p90", "p99", "p99.9", "Slowest")
    return Table(
        caption="Time from the intended enqueue to the end of the body.",
        columns=columns("Queue", *names, figures=len(names)),
        rows=tuple(rows),
    )
