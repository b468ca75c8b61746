"""Latency against the offered rate, from the intended time and as Locust prints it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from reports.ink import ink
from reports.throughput.blocks import Figure, Key, Panel, Paragraph, Section, Table, columns
from reports.throughput.drawing import draw, plain_axis, time_axis
from reports.throughput.histograms import percentiles
from reports.throughput.pieces import plain, say
from reports.throughput.quantities import milliseconds, rate, ratio
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.load_steps import Step
    from reports.throughput.cases import Case
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece

WANTED: Final = ("p50_ms", "p95_ms", "p99_ms")
_LINES: Final = {
    "p50_ms": ("sky", "o", "dotted"),
    "p95_ms": ("blue", "s", "dashed"),
    "p99_ms": ("vermillion", "D", "solid"),
}
_KEYS = (
    Key(label="p50, end to end", color="sky", shape="dotted", marker="o"),
    Key(label="p95, end to end", color="blue", shape="dashed", marker="s"),
    Key(label="p99, end to end", color="vermillion", marker="D"),
    Key(label="p99 of the enqueue, intended", color="purple", marker="v"),
    Key(
        label="p99 of the enqueue, as Locust prints it", color="quiet", shape="dashdot", marker="X"
    ),
    Key(label="highest rate held", color="green", shape="dashed"),
)
Point = dict[str, float | None]


def section(context: Context) -> Section:
    """Show one panel for each queue that was searched."""
    cases = [case for case in context.searched() if any(p.values() for _, p in points(case))]
    if not cases:
        blocks: tuple[Paragraph | Figure, ...] = (missing("latency", "Latency against the rate"),)
    else:
        blocks = (
            Paragraph(
                text="End to end is from the moment at which the schedule wanted the enqueue to "
                "the end of the body. Locust counts from the moment at which it got round to "
                "sending, so that its line stays low while the queue falls behind."
            ),
            _say_gap(cases[0]),
            _figure(cases),
        )
    return Section(id="latency", title="Latency against the rate", blocks=blocks)


def points(case: Case) -> list[tuple[float, Point]]:
    """Return the percentiles of every rate, repeats of a rate merged."""
    by_rate: dict[float, list[Step]] = {}
    for step in case.curve():
        by_rate.setdefault(step.offered_rate, []).append(step)
    return [(offered, _percentiles(steps)) for offered, steps in by_rate.items()]


def _percentiles(steps: Sequence[Step]) -> Point:
    ends = [s.latency["end_to_end"] for s in steps if "end_to_end" in s.latency]
    intended = [s.latency["intended"] for s in steps if "intended" in s.latency]
    locust = [s.locust.p99_ms for s in steps if s.locust and s.locust.p99_ms is not None]
    found: Point = percentiles(ends, *WANTED) if ends else dict.fromkeys(WANTED)
    found["intended"] = percentiles(intended, "p99_ms")["p99_ms"] if intended else None
    # Locust keeps no histogram that could be merged: its worst repeat is shown.
    found["locust"] = max(locust, default=None)
    return found


def _say_gap(case: Case) -> Paragraph:
    """Say how far Locust's line is from the truth at the highest rate."""
    offered, found = points(case)[-1]
    true, printed = found["intended"], found["locust"]
    if true is None or not printed:
        return Paragraph(text="The first queue has no line of Locust to compare with.")
    return Paragraph(
        text=say(
            "{case}, at {rate} tasks per second offered: the p99 of the enqueue is {true} from the "
            "intended time and {printed} as Locust prints it, {factor} times less.",
            case=case.title,
            rate=rate(offered),
            true=milliseconds(true),
            printed=milliseconds(printed),
            factor=ratio(true / printed),
        )
    )


def _figure(cases: Sequence[Case]) -> Figure:
    panels = [
        Panel(
            title=titled(case, cases),
            drawing=draw(
                panel_name("latency", place),
                f"Latency against offered rate of {plain(case.title)}",
                partial(_paint, case=case),
            ),
        )
        for place, case in enumerate(cases)
    ]
    return Figure(
        title="Latency by rate",
        caption="The time axis is logarithmic. See where the solid line turns up: from there on "
        "tasks wait for each other. The dash-dotted line is what a closed look shows.",
        panels=tuple(panels),
        keys=_KEYS,
        table=_table(cases),
    )


def _paint(axes: Axes, case: Case) -> None:
    found = points(case)
    offered = [x for x, _ in found]
    lines = [(name, *_LINES[name]) for name in WANTED]
    lines += [("intended", "purple", "v", "solid"), ("locust", "quiet", "X", "dashdot")]
    for name, shade, marker, style in lines:
        own = [(x, p[name]) for x, p in found if p[name]]
        axes.plot(
            [x for x, _ in own],
            [y or 0.0 for _, y in own],
            color=ink(shade),
            marker=marker,
            linestyle=style,
        )
    if case.knee is not None and case.knee.low is not None:
        axes.axvline(case.knee.low, color=ink("green"), linestyle="dashed", linewidth=1.2)
    axes.set_yscale("log")
    time_axis(axes.yaxis, [y for _, p in found for y in p.values() if y])
    axes.set_xlim(0, max(offered) * 1.06)
    axes.set_xlabel("offered, tasks per second")
    plain_axis(axes.xaxis)


def _table(cases: Sequence[Case]) -> Table:
    rows: list[tuple[Piece, ...]] = []
    for case in cases:
        for offered, found in points(case):
            figures = (*(found[name] for name in WANTED), found["intended"], found["locust"])
            rows.append((titled(case, cases), rate(offered), *(milliseconds(f) for f in figures)))
    return Table(
        caption="Repeats of one rate are merged from their histograms; of Locust's lines, which "
        "cannot be merged, the worst is shown.",
        columns=columns(
            "Queue",
            "Offered",
            "p50, end to end",
            "p95, end to end",
            "p99, end to end",
            "p99, enqueue, intended",
            "p99, enqueue, Locust",
            figures=6,
        ),
        rows=tuple(rows),
    )
