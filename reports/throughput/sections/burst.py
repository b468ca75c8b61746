"""Burst and drain: the depth of the queue over time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.ink import ink
from reports.throughput.blocks import Figure, Panel, Section, Table, columns
from reports.throughput.drawing import draw, plain_axis
from reports.throughput.pieces import code, plain, say
from reports.throughput.quantities import count, rate, seconds
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.load_steps import Step
    from reports.throughput.cases import Case
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece

_ROWS_MOST = 16
Timeline = tuple["Case", "Step"]


def section(context: Context) -> Section:
    """Show one panel for each timeline."""
    found = [
        (case, step)
        for case in context.cases
        for step in case.steps("timeline")
        if step.backlog.series
    ]
    if not found:
        blocks = (missing("burst", "A burst, with the drain after it,"),)
        return Section(id="burst", title="Burst and drain", blocks=blocks)
    return Section(id="burst", title="Burst and drain", blocks=(_drains(found), _figure(found)))


def _drains(found: Sequence[Timeline]) -> Table:
    cases = [case for case, _ in found]
    rows = tuple(_drain_row(case, step, cases) for case, step in found)
    return Table(
        caption="How deep the queue became, and how fast it came back.",
        columns=columns(
            "Queue",
            "Step",
            "Offered on average",
            "Deepest",
            "Drained, tasks/s",
            "Deepest to empty",
            figures=4,
        ),
        rows=rows,
    )


def _drain_row(case: Case, step: Step, cases: Sequence[Case]) -> tuple[Piece, ...]:
    deepest_at, deepest = max(step.backlog.series, key=lambda point: point[1])
    empty = [at for at, depth in step.backlog.series if at > deepest_at and depth == 0]
    return (
        titled(case, cases),
        code(step.id),
        rate(step.offered_rate),
        count(deepest),
        rate(step.backlog.drain_rate),
        seconds(min(empty) - deepest_at) if empty else "did not become empty",
    )


def _figure(found: Sequence[Timeline]) -> Figure:
    cases = [case for case, _ in found]
    panels = tuple(
        Panel(
            title=titled(case, cases),
            drawing=draw(
                panel_name("burst", place),
                f"Depth over time of {plain(case.title)}",
                partial(_paint, step=step),
                left=60,
            ),
        )
        for place, (case, step) in enumerate(found)
    )
    return Figure(
        title="Depth over time",
        caption=say(
            "Tasks acknowledged and not ended. A queue that recovers comes back to the ground; "
            "the slope of its way down is the rate at which it drains."
        ),
        panels=panels,
        table=_table(found),
    )


def _paint(axes: Axes, step: Step) -> None:
    times = [at for at, _ in step.backlog.series]
    depths = [depth for _, depth in step.backlog.series]
    axes.fill_between(times, 0, depths, facecolor=ink("blue"), alpha=0.25, linewidth=0)
    axes.plot(times, depths, color=ink("blue"))
    axes.set_xlim(min(times), max(times))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds since the step began")
    axes.set_ylabel("tasks in the queue")
    plain_axis(axes.xaxis, 8)
    plain_axis(axes.yaxis)


def _table(found: Sequence[Timeline]) -> Table:
    cases = [case for case, _ in found]
    rows = [
        (titled(case, cases), code(step.id), seconds(at), count(depth))
        for case, step in found
        for at, depth in step.backlog.series[:: max(1, len(step.backlog.series) // _ROWS_MOST)]
    ]
    return Table(
        caption="Depth, at some of the times that were stored.",
        columns=columns("Queue", "Step", "Time", "Depth", figures=2),
        rows=tuple(rows),
    )
