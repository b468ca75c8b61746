"""What all figures share: the time axis, the phases as labelled bands, and the kills.

A figure gives its body and its height; this module puts the same frame around it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.page.kills import Landing
from reports.page.svg import element, percent, symbol, title
from reports.page.wording import name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.page.kills import Kill
    from reports.page.timeline import Phase, TimeAxis

MOST_KILLS = 300

_LABEL_HEIGHT = 13
_KILL_STRIP = 14
_AXIS_HEIGHT = 20
# Labels are laid out for the narrowest screen; on a wider one they only gain air.
_NARROW_PLOT = 340
_LETTER = 6.2
_EDGE = 5
_WHOLE = 100
_LANDINGS = {
    Landing.IN_BODY: "in the middle of a task",
    Landing.IDLE: "between tasks",
    Landing.UNSEEN: "and nobody saw it die",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: what it is called, what it shows in words, and what is drawn in it."""

    identity: str
    title: str
    description: str
    height: float
    body: Sequence[Markup]
    css: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """The frame of one or several figures with the same time axis."""

    axis: TimeAxis
    phases: Sequence[Phase]
    kills: Sequence[Kill]

    def draw(self, figure: Figure) -> Markup:
        """Put the frame around a figure's body."""
        rows = _place_labels(self._visible_phases(), self.axis)
        top = (max(rows, default=-1) + 1) * _LABEL_HEIGHT + _KILL_STRIP + 4
        bottom = top + figure.height
        names = {part: f"{figure.identity}-{part}" for part in ("title", "desc")}
        return element(
            "svg",
            {
                "class": f"plot {figure.css}".strip(),
                "role": "img",
                "width": "100%",
                "height": f"{bottom + _AXIS_HEIGHT:g}",
                "aria-labelledby": " ".join(names.values()),
                "data-start": f"{self.axis.start:.6f}",
                "data-end": f"{self.axis.end:.6f}",
            },
            [
                element("title", {"id": names["title"]}, [figure.title]),
                element("desc", {"id": names["desc"]}, [figure.description]),
                *self._bands(rows, bottom),
                *self._ticks(top, bottom),
                _moved(figure, top),
                *self._kills(top, bottom),
            ],
        )

    def _visible_phases(self) -> list[Phase]:
        return [p for p in self.phases if p.end >= self.axis.start and p.start <= self.axis.end]

    def _bands(self, rows: Sequence[int], bottom: float) -> list[Markup]:
        drawn = []
        for number, (phase, row) in enumerate(zip(self._visible_phases(), rows, strict=True)):
            left, right = self.axis.percent(phase.start), self.axis.percent(phase.end)
            kind = "chaos" if phase.name == "chaos" else f"side-{number % 2}"
            shape = {"x": percent(left), "height": bottom}
            drawn.append(
                element("rect", {"class": f"band {kind}", "width": percent(right - left), **shape})
            )
            drawn.append(_line("boundary", left, row * _LABEL_HEIGHT, bottom))
            drawn.append(_band_label(phase, self.axis, row * _LABEL_HEIGHT))
        return drawn

    def _ticks(self, top: float, bottom: float) -> list[Markup]:
        drawn = [
            element("line", {"class": "axis", "x2": "100%", "y1": bottom, "y2": bottom}),
        ]
        for seconds, label in self.axis.ticks():
            x = self.axis.percent(seconds)
            drawn.append(_line("tick", x, top, bottom + 4))
            where = {"x": percent(x), "y": bottom + 15, "text-anchor": _anchor(x)}
            drawn.append(element("text", where, [label]))
        return drawn

    def _kills(self, top: float, bottom: float) -> list[Markup]:
        shown = [kill for kill in self.kills if self.axis.shows(kill.time)][:MOST_KILLS]
        # Of several at one moment, the one that hit a task has to be seen.
        shown.sort(key=lambda kill: kill.landing is Landing.IN_BODY)
        return [_kill(kill, self.axis.percent(kill.time), top, bottom) for kill in shown]


def _moved(figure: Figure, top: float) -> Markup:
    place = {"y": top, "width": "100%", "height": figure.height, "overflow": "visible"}
    return element("svg", place, figure.body)


def _kill(kill: Kill, x: float, top: float, bottom: float) -> Markup:
    who = f"{name(kill.target)} {name(kill.pid)}"
    said = f"{who} killed at {kill.time:.3f} s, {_LANDINGS[kill.landing]}"
    return element(
        "g",
        {"class": f"kill {kill.landing}"},
        [
            title(said),
            _line("", x, top - 6, bottom),
            symbol(f"kill-{kill.landing}", x, top - 9),
        ],
    )


def _line(css: str, x: float, top: float, bottom: float) -> Markup:
    place = {"x1": percent(x), "x2": percent(x), "y1": top, "y2": bottom}
    return element("line", {"class": css, **place} if css else place)


def _anchor(x: float) -> str:
    if x < _EDGE:
        return "start"
    return "end" if x > _WHOLE - _EDGE else "middle"


def _label_span(phase: Phase, axis: TimeAxis) -> tuple[float, float]:
    """Where a label lies, in percent: from its band's start, or back from the right edge."""
    width = 100 * (len(name(phase.name)) * _LETTER + 10) / _NARROW_PLOT
    left = axis.percent(phase.start)
    return (left, left + width) if left + width <= _WHOLE else (_WHOLE - width, _WHOLE)


def _place_labels(phases: Sequence[Phase], axis: TimeAxis) -> list[int]:
    """Give each label the first row in which it runs into no other."""
    free_from: list[float] = []
    rows = []
    for phase in phases:
        left, right = _label_span(phase, axis)
        row = next((n for n, free in enumerate(free_from) if free <= left), len(free_from))
        free_from[row : row + 1] = [right]
        rows.append(row)
    return rows


def _band_label(phase: Phase, axis: TimeAxis, top: float) -> Markup:
    at_edge = _label_span(phase, axis)[1] >= _WHOLE
    x, anchor = (_WHOLE, "end") if at_edge else (axis.percent(phase.start), "start")
    place = {"x": percent(x), "y": top + 10, "dx": -4 if at_edge else 4, "text-anchor": anchor}
    return element("text", {"class": "phase", **place}, [name(phase.name)])
