"""What all lanes share: the time axis, the phases as labelled bands, the faults and the kills.

A figure gives its body and its height; this module puts the same frame around it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.page.fault_bands import FAULT_HEIGHT, draw_faults
from reports.page.faults import at_work
from reports.page.kills import Landing
from reports.page.labels import place_labels
from reports.page.svg import element, percent, symbol, title
from reports.page.wording import name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.page.faults import FaultWindow
    from reports.page.kills import Kill
    from reports.page.timeline import Phase, TimeAxis

MOST_KILLS = 300
MOST_FAULTS = 8

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
    faults: Sequence[FaultWindow] = ()

    def draw(self, figure: Figure) -> Markup:
        """Put the frame around a figure's body."""
        rows = self._rows()
        shown = at_work(self.faults, self.axis.start, self.axis.end)[:MOST_FAULTS]
        strips = (max(rows, default=-1) + 1) * _LABEL_HEIGHT
        top = strips + len(shown) * FAULT_HEIGHT + _KILL_STRIP + 4
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
                *draw_faults(shown, self.axis, strips, bottom),
                *self._ticks(top, bottom),
                _moved(figure, top),
                *self._kills(top, bottom),
            ],
        )

    def _rows(self) -> list[int]:
        """The row of each phase's label."""
        phases = self._visible_phases()
        widths = [len(name(phase.name)) * _LETTER + 4 for phase in phases]
        starts = [self.axis.percent(phase.start) for phase in phases]
        return place_labels(list(zip(starts, widths, strict=True)), _NARROW_PLOT)

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


def _band_label(phase: Phase, axis: TimeAxis, top: float) -> Markup:
    left = axis.percent(phase.start)
    at_edge = left / _WHOLE * _NARROW_PLOT + len(name(phase.name)) * _LETTER + 10 > _NARROW_PLOT
    x, anchor = (_WHOLE, "end") if at_edge else (left, "start")
    place = {"x": percent(x), "y": top + 10, "dx": -4 if at_edge else 4, "text-anchor": anchor}
    return element("text", {"class": "phase", **place}, [name(phase.name)])
