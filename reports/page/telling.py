"""What a page tells of a run over time: the figure, the attempts below it, and both as a table."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from reports.page import panels, series
from reports.page.attempts import find_attempts
from reports.page.backdrop import Backdrop
from reports.page.digest import digest
from reports.page.dots import choose_dots, describe_dots, limits
from reports.page.fates import Fate, find_fates
from reports.page.kills import find_kills
from reports.page.lanes import draw_attempts, select
from reports.page.over_time import LEFT, RIGHT, WIDTH, Scene, draw_over_time
from reports.page.timeline import TimeAxis
from reports.page.wording import name, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.page.attempts import Attempt
    from reports.page.digest import DigestRow
    from reports.page.fates import TaskPoint
    from reports.page.faults import FaultWindow
    from reports.page.kills import Kill
    from reports.page.panels import Panel
    from reports.page.timeline import Phase, Timeline
    from reports.schema import CheckResult, Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The section "over time" of a page.

    Attributes:
        data: what the crosshair reads.
        fates: what became of the tasks, and how many of them are drawn.
        attempts: the lanes of all processes, on the same time axis.
        margins: where that axis begins and ends, in percent of the width.
    """

    drawing: Markup
    data: dict[str, Any]
    fates: str
    attempts: Markup
    attempts_said: str
    margins: tuple[float, float]
    table: tuple[DigestRow, ...]


def tell_over_time(
    ops: Sequence[Op],
    checks: Sequence[CheckResult],
    timeline: Timeline,
    phases: Sequence[Phase],
    faults: Sequence[FaultWindow],
) -> Telling | None:
    """Draw and describe a run; None of a history without ops."""
    if not ops:
        return None
    attempts, kills = find_attempts(ops, timeline), find_kills(ops, timeline)
    points = find_fates(ops, attempts, checks, timeline)
    drawn = choose_dots(points)
    stack = _panels(ops, attempts, points, drawn, timeline)
    axis = TimeAxis(start=0.0, end=timeline.end)
    said = _label(faults, kills, points)
    over_time = draw_over_time(Scene.of(axis, phases, faults, kills), stack, said)
    figure = draw_attempts(attempts, select(attempts), axis, faults)
    return Telling(
        drawing=over_time.drawing,
        data={**over_time.data, "dots": _dots(drawn, points)},
        fates=describe_dots(points, drawn),
        attempts=Backdrop(axis=axis, phases=phases, kills=kills).draw(figure),
        attempts_said=figure.description,
        margins=(100 * LEFT / WIDTH, 100 * RIGHT / WIDTH),
        table=digest([r for panel in stack for r in panel.readings], phases, faults, timeline),
    )


def _panels(
    ops: Sequence[Op],
    attempts: Sequence[Attempt],
    points: Sequence[TaskPoint],
    drawn: Sequence[TaskPoint],
    timeline: Timeline,
) -> list[Panel]:
    starts = series.rate(ops, series.is_start, timeline)
    finishes = series.rate(ops, series.is_finish, timeline)
    live = series.thin_out(series.follow_backlog(ops, timeline), timeline)
    flying = series.thin_out(series.follow_in_flight(attempts, timeline), timeline)
    median = series.quantile_of_waits(points, 0.5, timeline)
    tail = series.quantile_of_waits(points, 0.95, timeline)
    return [
        panels.throughput(starts, finishes),
        panels.count("Backlog: live rows", "live rows", live, "green"),
        panels.count("Attempts in flight", "in flight", flying, "purple"),
        panels.waits(points, drawn, median, tail),
    ]


def _label(
    faults: Sequence[FaultWindow], kills: Sequence[Kill], points: Sequence[TaskPoint]
) -> str:
    parts = [plural(len(faults), "fault"), plural(len(kills), "kill"), plural(len(points), "task")]
    return (
        f"The run over time, with {', '.join(parts)}: phases, faults, throughput, backlog, "
        "attempts in flight and pickup latency. The table below has the figures."
    )


def _dots(drawn: Sequence[TaskPoint], points: Sequence[TaskPoint]) -> dict[str, Any]:
    """The drawn tasks, as the crosshair names them when it comes near."""
    low, high, never = limits(points)
    fates = list(Fate)
    return {
        "low": low,
        "high": high,
        "never": never,
        "fates": fates,
        "tasks": [
            [
                round(point.due, 3),
                None if point.waited is None else float(f"{point.waited:.3g}"),
                fates.index(point.fate),
                name(point.task),
            ]
            for point in drawn
        ],
    }
