"""Swim-lanes: a lane per worker process, a bar per attempt.

What is not drawn, because there is too much of it, is said in words.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from typing import TYPE_CHECKING

from reports.page.attempts import Outcome, process_id
from reports.page.backdrop import Figure
from reports.page.faults import at_work
from reports.page.svg import element, percent, symbol, title
from reports.page.wording import duration, name, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.page.attempts import Attempt
    from reports.page.faults import FaultWindow
    from reports.page.timeline import TimeAxis

LANE_HEIGHT = 24
MOST_ATTEMPTS = 2000
MOST_LANES = 48
MOST_PAUSES = 50

_BAR_TOP = 13
_BAR_HEIGHT = 9
_NARROWEST = 0.2
_LATE = 50
_NAME_WIDTH = 90


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The attempts that are drawn, by process, and the sentence about the others.

    From ``cut`` seconds on, attempts are left out; None where the limit was not reached.
    """

    lanes: dict[str, list[Attempt]]
    cut: float | None
    remark: str


def select(attempts: Sequence[Attempt]) -> Selection:
    """Choose what to draw: the first processes, and of them the attempts that did not end well."""
    processes = list(dict.fromkeys(attempt.process for attempt in attempts))
    lanes: dict[str, list[Attempt]] = {process: [] for process in processes[:MOST_LANES]}
    inside = [attempt for attempt in attempts if attempt.process in lanes]
    by_interest = sorted(inside, key=lambda attempt: attempt.outcome is Outcome.OK)
    drawn, left_out = by_interest[:MOST_ATTEMPTS], by_interest[MOST_ATTEMPTS:]
    for attempt in drawn:
        lanes[attempt.process].append(attempt)
    return Selection(
        lanes=lanes,
        cut=min((attempt.start for attempt in left_out), default=None),
        remark=_remark(len(drawn), len(attempts), len(processes)),
    )


def draw_attempts(
    attempts: Sequence[Attempt],
    selection: Selection,
    axis: TimeAxis,
    faults: Sequence[FaultWindow] = (),
) -> Figure:
    """Draw the selected attempts of the whole run, and the pauses of their processes."""
    ends = Counter(attempt.outcome for attempt in attempts)
    said = ", ".join(f"{ends[outcome]} {outcome}" for outcome in Outcome)
    height = max(len(selection.lanes), 1) * LANE_HEIGHT + 4
    return Figure(
        identity="attempts",
        title="Attempts: a lane per worker process, a bar per attempt",
        description=f"{plural(len(attempts), 'attempt')}: {said}. {selection.remark}".strip(),
        height=height,
        body=[*draw_lanes(selection.lanes, axis, faults), *_cut(selection.cut, axis, height)],
        css="lanes",
    )


def draw_lanes(
    lanes: dict[str, list[Attempt]], axis: TimeAxis, faults: Sequence[FaultWindow] = ()
) -> list[Markup]:
    """Draw lanes one below the other, each with its process's name and its pauses."""
    pauses = [fault for fault in at_work(faults, axis.start, axis.end) if fault.is_pause]
    drawn = []
    for number, (process, attempts) in enumerate(lanes.items()):
        top = number * LANE_HEIGHT
        mine = [pause for pause in pauses if process_id(process) in pause.pids][:MOST_PAUSES]
        drawn.append(lane_label(process, top))
        drawn.extend(_bar(attempt, axis, top + _BAR_TOP) for attempt in attempts)
        drawn.extend(_pause(pause, axis, top) for pause in mine)
    return drawn


def lane_label(text: str, top: float) -> Markup:
    """Write a lane's name at its upper left, with a rule under the lane."""
    rule = top + LANE_HEIGHT
    return element(
        "g",
        {"class": "lane"},
        [
            element("line", {"x2": "100%", "y1": rule, "y2": rule}),
            element("text", {"x": 3, "y": top + 10}, [name(text)]),
        ],
    )


def _bar(attempt: Attempt, axis: TimeAxis, y: float) -> Markup:
    left = axis.percent(attempt.start)
    right = axis.percent(axis.end if attempt.end is None else attempt.end)
    # A bar that is too thin to be seen is drawn wider, but never over the right edge.
    width = max(right - left, _NARROWEST)
    shape = {"x": percent(min(left, 100 - width)), "width": percent(width)}
    is_open = attempt.outcome is Outcome.OPEN
    height = {"y": y + 3, "height": 3} if is_open else {"y": y, "height": _BAR_HEIGHT}
    parts = [title(_describe(attempt)), element("rect", {**shape, **height})]
    if attempt.outcome is Outcome.KILLED:
        parts.append(symbol("cross", right, y + _BAR_HEIGHT / 2))
    return element("g", {"class": f"attempt {attempt.outcome}"}, parts)


def _pause(pause: FaultWindow, axis: TimeAxis, top: float) -> Markup:
    left, right = axis.percent(pause.start), axis.percent(pause.end)
    place = {"x": percent(left), "width": percent(max(right - left, _NARROWEST))}
    said = f"{pause.fault} from {pause.start:.3f} s to {pause.end:.3f} s"
    shape = {"class": "pause", **place, "y": top + 2, "height": LANE_HEIGHT - 3}
    return element("rect", shape, [title(said)])


def _cut(cut: float | None, axis: TimeAxis, height: float) -> list[Markup]:
    if cut is None:
        return []
    x = percent(axis.percent(cut))
    is_late = axis.percent(cut) > _LATE
    words = {
        "x": x,
        "y": 10,
        # At the left edge it would cover the name of the first lane.
        "dx": -4 if is_late else _NAME_WIDTH,
        "text-anchor": "end" if is_late else "start",
    }
    line = element("line", {"x1": x, "x2": x, "y2": height})
    text = element("text", words, ["from here on, attempts are left out"])
    return [element("g", {"class": "cut"}, [line, text])]


def _describe(attempt: Attempt) -> str:
    number = f"attempt {attempt.number}" if attempt.number is not None else "attempt"
    said = f"{name(attempt.task or 'no task')}, {number}, {attempt.outcome}"
    if attempt.end is None:
        return f"{said}, from {attempt.start:.3f} s, no end seen"
    length = duration(attempt.end - attempt.start)
    return f"{said}, {attempt.start:.3f} s to {attempt.end:.3f} s ({length})"


def _remark(drawn: int, attempts: int, processes: int) -> str:
    if drawn == attempts:
        return ""
    reasons = itertools.chain(
        [f"of the first {MOST_LANES} of {processes} processes"] * (processes > MOST_LANES),
        ["killed, failed and open ones come before ok ones"] * (drawn == MOST_ATTEMPTS),
    )
    return f"The first {drawn} of {attempts} attempts are drawn ({'; '.join(reasons)})."
