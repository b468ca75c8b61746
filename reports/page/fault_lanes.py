"""A lane per fault: windows are hatched bars with a letter, kills and short strikes are marks.

Colour, hatch and letter say the same, so that any one of them is enough.
"""

from __future__ import annotations

import dataclasses
import math
import string
from typing import TYPE_CHECKING, Final

from reports.ink import HATCHES, ink, stated_colour
from reports.page.kills import Landing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.page.faults import FaultWindow
    from reports.page.kills import Kill

LANE_HEIGHT: Final = 20
MOST_LANES: Final = 12
MOST_MARKS: Final = 400

# A bar that is narrower than this share of the axis is a mark instead.
_NARROWEST: Final = 0.004
_WIDE_ENOUGH_FOR_A_LETTER: Final = 0.02
_KILL: Final = "kill"
_KILL_COLOUR: Final = "#D55E00"
_SHAPES: Final = {Landing.IN_BODY: "X", Landing.IDLE: "o", Landing.UNSEEN: "s"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FaultLane:
    """All strikes of one fault, or of one family where there are many faults."""

    letter: str
    name: str
    colour: str
    hatch: str
    windows: tuple[FaultWindow, ...]
    kills: tuple[Kill, ...]


def arrange(faults: Sequence[FaultWindow], kills: Sequence[Kill]) -> list[FaultLane]:
    """Give each fault a lane, in the order in which they struck; each family if they are many."""
    is_crowded = len({fault.fault for fault in faults}) >= MOST_LANES
    name_of = {f.process: f.family if is_crowded else f.fault for f in faults}
    windows: dict[str, list[FaultWindow]] = {}
    for fault in faults:
        windows.setdefault(name_of[fault.process], []).append(fault)
    struck: dict[str, list[Kill]] = {}
    for kill in kills:
        struck.setdefault(name_of.get(kill.fault, _KILL), []).append(kill)
    return [
        FaultLane(
            letter=string.ascii_uppercase[number % 26],
            name=name,
            colour=windows[name][0].colour if name in windows else stated_colour(_KILL_COLOUR),
            hatch=HATCHES[number % len(HATCHES)],
            windows=tuple(windows.get(name, ())),
            kills=tuple(struck.get(name, ())),
        )
        for number, name in enumerate(dict.fromkeys([*windows, *struck]))
    ]


def is_short(fault: FaultWindow, span: float) -> bool:
    """Tell whether a fault lasted too short a time to be drawn as a bar."""
    return fault.end - fault.start < _NARROWEST * span


def paint_lanes(axes: Axes, lanes: Sequence[FaultLane], span: float) -> None:
    """Draw the lanes, the first one at the top."""
    axes.set_ylim(max(len(lanes), 1) - 0.5, -0.5)
    labels = [f"{lane.name}  {lane.letter}" for lane in lanes]
    axes.set_yticks(range(len(lanes)), labels, color=ink("ink"))
    axes.tick_params(axis="y", length=0)
    for row, lane in enumerate(lanes):
        axes.axhline(row + 0.5, color=ink("line"), linewidth=0.8)
        for window in lane.windows[:MOST_MARKS]:
            _paint_window(axes, row, lane, window, span)
        for landing in Landing:
            _paint_kills(axes, row, lane, landing)


def shade(axes: Axes, lanes: Sequence[FaultLane], span: float) -> None:
    """Carry the windows and the kills of all lanes into another panel, faintly."""
    windows = [(lane, each) for lane in lanes for each in lane.windows if each.has_landed]
    for lane, window in windows[:MOST_MARKS]:
        if not is_short(window, span):
            axes.axvspan(window.start, window.end, color=lane.colour, alpha=0.13, linewidth=0)
    for lane in lanes:
        short = [window.start for window in lane.windows if is_short(window, span)]
        _thread(axes, [kill.time for kill in lane.kills] or short, lane.colour)


def _thread(axes: Axes, times: Sequence[float], colour: str) -> None:
    """Draw thin lines from top to bottom, as one path."""
    lines = [(time, height) for time in times[:MOST_MARKS] for height in (0.0, 1.0, math.nan)]
    axes.plot(
        [time for time, _ in lines],
        [height for _, height in lines],
        transform=axes.get_xaxis_transform(),
        color=colour,
        alpha=0.45,
        linewidth=0.8,
        zorder=0.5,
    )


def _paint_window(axes: Axes, row: int, lane: FaultLane, window: FaultWindow, span: float) -> None:
    if is_short(window, span):
        if not lane.kills:
            marker = "d" if window.has_landed else "s"
            _mark(axes, [window.start], row, lane, marker, is_filled=window.has_landed)
        return
    width = window.end - window.start
    axes.broken_barh(
        [(window.start, width)],
        (row - 0.32, 0.64),
        facecolor=window.colour if window.has_landed else "none",
        edgecolor=ink("ink"),
        linewidth=0.8,
        linestyle="-" if window.has_landed else "--",
        hatch=lane.hatch if window.has_landed else None,
        alpha=None,
    )
    if width > _WIDE_ENOUGH_FOR_A_LETTER * span:
        said = lane.letter if window.has_landed else f"{lane.letter}?"
        box = {"facecolor": ink("paper"), "edgecolor": "none", "boxstyle": "round,pad=0.15"}
        middle = window.start + width / 2
        axes.text(middle, row, said, ha="center", va="center", fontsize=9.5, bbox=box)


def _paint_kills(axes: Axes, row: int, lane: FaultLane, landing: Landing) -> None:
    times = [kill.time for kill in lane.kills if kill.landing is landing][:MOST_MARKS]
    if times:
        _mark(axes, times, row, lane, _SHAPES[landing], is_filled=landing is Landing.IN_BODY)


def _mark(
    axes: Axes, times: Sequence[float], row: int, lane: FaultLane, marker: str, *, is_filled: bool
) -> None:
    axes.plot(
        times,
        [row] * len(times),
        linestyle="none",
        marker=marker,
        markersize=8 if is_filled else 6,
        markerfacecolor=lane.colour if is_filled else ink("paper"),
        markeredgecolor=ink("ink"),
        markeredgewidth=0.8,
        clip_on=False,
        zorder=3,
    )
