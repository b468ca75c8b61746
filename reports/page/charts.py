"""The two charts of counts over time: throughput and backlog."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.page.backdrop import Figure
from reports.page.series import count_effects, follow_backlog, thin_out
from reports.page.svg import element, percent, title
from reports.page.timeline import round_step
from reports.page.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.page.series import Buckets, Step
    from reports.page.timeline import Timeline
    from reports.schema import Op

_HEIGHT = 120
# The path of the backlog has its own grid of units, which the browser stretches.
_UNITS = 10_000


def throughput(ops: Sequence[Op], timeline: Timeline) -> Figure:
    """Draw how many effects there were per bucket of time."""
    buckets = count_effects(ops, timeline)
    most = max(buckets.counts)
    bucket = f"{buckets.width:g} s"
    top = _scale_top(most)
    return Figure(
        identity="throughput",
        title=f"Throughput: effects per {bucket}",
        description=f"{plural(sum(buckets.counts), 'effect')}, at most {most} per {bucket}.",
        height=_HEIGHT,
        body=[*_grid(top), *_columns(buckets, top, timeline), *_scale(top)],
    )


def backlog(ops: Sequence[Op], timeline: Timeline) -> Figure:
    """Draw how many tasks were waiting or running."""
    steps = follow_backlog(ops, timeline)
    most = max(step.size for step in steps)
    top = _scale_top(most)
    return Figure(
        identity="backlog",
        title="Backlog: acknowledged tasks, less finished, less dead-lettered",
        description=f"At most {plural(most, 'task')}; at the end {steps[-1].size}.",
        height=_HEIGHT,
        body=[*_grid(top), _area(thin_out(steps, timeline), top, timeline), *_scale(top)],
    )


def _scale_step(most: int) -> int:
    return max(int(round_step(max(most, 1) / 4)), 1)


def _scale_top(most: int) -> int:
    step = _scale_step(most)
    return max(math.ceil(most / step), 1) * step


def _grid(top: int) -> list[Markup]:
    return [
        element("line", {"class": "grid", "x2": "100%", "y1": y, "y2": y})
        for _, y in _scale_values(top)
    ]


def _scale(top: int) -> list[Markup]:
    """Write the labels of the grid; they come last, so that nothing covers them."""
    return [
        element("text", {"class": "scale", "x": 3, "y": y + 11}, [str(value)])
        for value, y in _scale_values(top)
    ]


def _scale_values(top: int) -> list[tuple[int, float]]:
    step = _scale_step(top)
    return [(value, _HEIGHT * (1 - value / top)) for value in range(step, top + 1, step)]


def _columns(buckets: Buckets, top: int, timeline: Timeline) -> list[Markup]:
    return [
        _column(number * buckets.width, buckets.width, count, top, timeline)
        for number, count in enumerate(buckets.counts)
        if count
    ]


def _column(start: float, width: float, count: int, top: int, timeline: Timeline) -> Markup:
    height = _HEIGHT * count / top
    left = 100 * start / timeline.end
    shape = {
        "class": "column",
        "x": percent(left),
        "width": percent(min(100 * width / timeline.end, 100 - left)),
        "y": f"{_HEIGHT - height:.1f}",
        "height": f"{height:.1f}",
    }
    return element("rect", shape, [title(f"{plural(count, 'effect')} from {start:g} s")])


def _area(steps: Sequence[Step], top: int, timeline: Timeline) -> Markup:
    path = ["M0 ", str(_HEIGHT)]
    for step in steps:
        x = round(_UNITS * step.time / timeline.end)
        # An end can be seen before its enqueue has returned: below zero there is nothing to see.
        y = _HEIGHT * (1 - max(step.size, 0) / top)
        path.append(f"H{x}V{y:.1f}")
    path.append(f"H{_UNITS}")
    frame = {
        "viewBox": f"0 0 {_UNITS} {_HEIGHT}",
        "preserveAspectRatio": "none",
        "width": "100%",
        "height": _HEIGHT,
    }
    line = "".join(path)
    return element(
        "svg",
        frame,
        [
            element("path", {"class": "area", "d": f"{line}V{_HEIGHT}Z"}),
            element("path", {"class": "edge", "d": line}),
        ],
    )
