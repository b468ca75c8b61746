"""The figure of a whole run: phases, faults and panels on one time axis, and what is read off it.

The drawing needs no script; the crosshair that moves over it reads the same figures from JSON.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from matplotlib.ticker import FixedLocator, NullLocator

from reports.ink import ink
from reports.page.fault_lanes import LANE_HEIGHT, arrange, paint_lanes, shade
from reports.page.labels import place_labels
from reports.page.wording import name
from reports.sheet import draw_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

    from reports.page.fault_lanes import FaultLane
    from reports.page.faults import FaultWindow
    from reports.page.kills import Kill
    from reports.page.panels import Panel
    from reports.page.timeline import Phase, TimeAxis

WIDTH: Final = 1000.0
LEFT: Final = 128.0
RIGHT: Final = 16.0

_TOP: Final = 4.0
_ROW: Final = 14.0
_TITLE: Final = 30.0
_BOTTOM: Final = 26.0
_LETTER: Final = 6.6
_PLOT: Final = WIDTH - LEFT - RIGHT


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What every part of the figure shares."""

    axis: TimeAxis
    phases: Sequence[Phase]
    lanes: Sequence[FaultLane]

    @classmethod
    def of(
        cls,
        axis: TimeAxis,
        phases: Sequence[Phase],
        faults: Sequence[FaultWindow],
        kills: Sequence[Kill],
    ) -> Scene:
        """Give the faults their lanes."""
        return cls(axis=axis, phases=phases, lanes=arrange(faults, kills))

    @property
    def span(self) -> float:
        """How many seconds the axis has."""
        return self.axis.end - self.axis.start


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """The drawing, and where its parts are and what they show, for the crosshair."""

    drawing: Markup
    data: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Strip:
    """A horizontal part of the sheet, in pixels from its top."""

    top: float
    height: float
    paint: Callable[[Axes], None]
    title: str = ""


def draw_over_time(scene: Scene, panels: Sequence[Panel], label: str) -> OverTime:
    """Draw the panels below the phases and the lanes of the faults."""
    strips = _stack(scene, panels)
    height = strips[-1].top + strips[-1].height + _BOTTOM

    def paint(sheet: Sheet) -> None:
        for strip in strips:
            _paint_strip(sheet, strip, height, scene)

    drawing = draw_sheet("over-time", label, (WIDTH, height), paint)
    tops = [(strip.top / height, strip.height / height) for strip in strips[1:]]
    data = {
        "start": scene.axis.start,
        "end": scene.axis.end,
        "phases": [[name(phase.name), phase.start, phase.end] for phase in scene.phases],
        "faults": [
            [f"{lane.letter} {w.fault}", w.start, w.end]
            for lane in scene.lanes
            for w in lane.windows
        ],
        "marks": _marks(scene.lanes),
        "faultsTop": tops[0][0],
        "panels": [
            {"top": top, "height": tall, "series": [r.to_json() for r in panel.readings]}
            for panel, (top, tall) in zip(panels, tops[1:], strict=True)
        ],
    }
    return OverTime(drawing=drawing, data=data)


def _marks(lanes: Sequence[FaultLane]) -> list[float]:
    """When faults struck and processes were killed: the crosshair goes from one to the next."""
    strikes = [window.start for lane in lanes for window in lane.windows]
    kills = [kill.time for lane in lanes for kill in lane.kills]
    return sorted({round(time, 3) for time in (*strikes, *kills)})


def _stack(scene: Scene, panels: Sequence[Panel]) -> list[_Strip]:
    """Put the phases on top, the lanes below them, and then the panels."""
    starts = [scene.axis.percent(phase.start) for phase in scene.phases]
    widths = [len(name(phase.name)) * _LETTER for phase in scene.phases]
    rows = place_labels(list(zip(starts, widths, strict=True)), _PLOT)
    tall = _ROW * (max(rows, default=0) + 1)
    strips = [
        _Strip(top=_TOP, height=tall, paint=lambda axes: _paint_phases(axes, scene, rows)),
        _Strip(
            top=_TOP + tall,
            height=LANE_HEIGHT * max(len(scene.lanes), 1),
            paint=lambda axes: paint_lanes(axes, scene.lanes, scene.span),
        ),
    ]
    for panel in panels:
        top = strips[-1].top + strips[-1].height + _TITLE
        strips.append(_Strip(top=top, height=panel.height, paint=panel.paint, title=panel.title))
    return strips


def _paint_strip(sheet: Sheet, strip: _Strip, height: float, scene: Scene) -> None:
    bottom = 1 - (strip.top + strip.height) / height
    axes = sheet.add_axes((LEFT / WIDTH, bottom, _PLOT / WIDTH, strip.height / height))
    axes.set_xlim(scene.axis.start, scene.axis.end)
    strip.paint(axes)
    _put_ticks(axes, scene.axis, is_last=strip.top + strip.height + _BOTTOM >= height)
    if strip.title:
        _dress(axes, strip.title, scene)
    else:
        for side in axes.spines.values():
            side.set_visible(False)
    _paint_boundaries(axes, scene.phases)


def _put_ticks(axes: Axes, axis: TimeAxis, *, is_last: bool) -> None:
    """Label the time below the last strip only: it is the same for all."""
    ticks = axis.ticks(most=12)
    axes.xaxis.set_major_locator(FixedLocator([seconds for seconds, _ in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", length=3 if is_last else 0, labelbottom=is_last)
    if is_last:
        axes.set_xticklabels([said for _, said in ticks])


def _dress(axes: Axes, title: str, scene: Scene) -> None:
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="y")
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    shade(axes, scene.lanes, scene.span)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(
            handles,
            labels,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=len(handles),
            frameon=False,
            borderaxespad=0.1,
            handletextpad=0.4,
            columnspacing=1.2,
            handlelength=1.4,
        )


def _paint_phases(axes: Axes, scene: Scene, rows: Sequence[int]) -> None:
    count = max(rows, default=0) + 1
    axes.set_ylim(count, 0)
    axes.set_yticks([0.5], ["phases"], color=ink("ink"))
    axes.tick_params(axis="y", length=0)
    axis, nudge = scene.axis, scene.span * 0.004
    for phase, row in zip(scene.phases, rows, strict=True):
        if phase.name == "chaos":
            axes.axvspan(phase.start, phase.end, color=ink("orange"), alpha=0.22, linewidth=0)
        said = name(phase.name)
        is_at_edge = axis.percent(phase.start) / 100 * _PLOT + len(said) * _LETTER > _PLOT
        x, side = (axis.end, "right") if is_at_edge else (phase.start + nudge, "left")
        axes.text(x, row + 0.5, said, ha=side, va="center", fontsize=10.5)


def _paint_boundaries(axes: Axes, phases: Sequence[Phase]) -> None:
    for phase in phases:
        axes.axvline(
            phase.start,
            color=ink("quiet"),
            alpha=0.7,
            linewidth=0.7,
            linestyle=(0, (4, 3)),
            zorder=1,
        )
