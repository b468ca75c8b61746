"""The Universal Scalability Law, where a run fitted it: a secondary figure, never the answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.ink import ink
from reports.throughput.blocks import Figure, Fold, Key, Panel, Table, columns
from reports.throughput.drawing import draw, plain_axis
from reports.throughput.pieces import say, stored
from reports.throughput.quantities import number, rate, span
from reports.throughput.sections.naming import panel_name
from reports.throughput.wording import run_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from reports.load_schema import ScalabilityFit
    from reports.throughput.blocks import Block
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece

_POINTS = 60


def scalability_blocks(context: Context) -> list[Block]:
    """Show the fits of all runs, folded; nothing if there is none."""
    fits = [(run, run.findings.usl) for run in context.runs if run.findings.usl is not None]
    if not fits:
        return []
    panels = tuple(
        Panel(
            title=say("{run}", run=run_name(run)),
            drawing=draw(
                panel_name("usl", place),
                "Throughput against workers, measured and fitted",
                partial(_paint, fit=fit),
            ),
        )
        for place, (run, fit) in enumerate(fits)
    )
    figure = Figure(
        title="Throughput against workers",
        caption="Measured throughput and the fitted Universal Scalability Law. A line that bends "
        "down means that more workers make it slower.",
        panels=panels,
        keys=(
            Key(label="measured", color="blue", shape="mark", marker="o"),
            Key(label="fitted", color="orange", shape="dashed"),
        ),
        table=Table(
            caption="Throughput by workers.",
            columns=columns("Run", "Workers", "Tasks per second", figures=2),
            rows=tuple(
                (run_name(run), number(workers), rate(value))
                for run, fit in fits
                for workers, value in fit.points
            ),
        ),
    )
    parameters = tuple(_parameters(run_name(run), fit) for run, fit in fits)
    return [
        Fold(title="Secondary: the Universal Scalability Law", blocks=(figure, *parameters)),
    ]


def _parameters(name: Piece, fit: ScalabilityFit) -> Table:
    values = {"lambda": fit.lambda_, "sigma": fit.sigma, "kappa": fit.kappa}
    rows = [
        (
            parameter,
            number(value),
            span(*(number(end) for end in fit.intervals[parameter]))
            if parameter in fit.intervals
            else "",
        )
        for parameter, value in values.items()
    ]
    return Table(
        caption=say(
            "Fit of {run}: R squared {r}; the peak was {peak}.",
            run=name,
            r=number(fit.r_squared),
            peak=stored(fit.peak),
        ),
        columns=columns("Parameter", "Value", "Interval", figures=2),
        rows=tuple(rows),
    )


def _paint(axes: Axes, fit: ScalabilityFit) -> None:
    workers = [point[0] for point in fit.points]
    most = max(workers, default=1.0) * 1.15
    grid = [1 + (most - 1) * place / _POINTS for place in range(_POINTS + 1)]
    axes.plot(grid, [_throughput(fit, n) for n in grid], color=ink("orange"), linestyle="dashed")
    axes.plot(workers, [point[1] for point in fit.points], "o", color=ink("blue"), markersize=5.5)
    axes.set_xlim(0, most)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("workers")
    axes.set_ylabel("tasks per second")
    plain_axis(axes.xaxis)
    plain_axis(axes.yaxis)


def _throughput(fit: ScalabilityFit, workers: float) -> float:
    others = workers - 1
    return fit.lambda_ * workers / (1 + fit.sigma * others + fit.kappa * workers * others)
