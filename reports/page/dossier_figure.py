"""The figure of a dossier: the task's attempts above, its claims and their leases below."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.page.attempts import process_id
from reports.page.backdrop import Backdrop, Figure
from reports.page.lanes import LANE_HEIGHT, draw_lanes, lane_label
from reports.page.leases import find_overlaps
from reports.page.svg import element, percent, symbol, title
from reports.page.timeline import TimeAxis
from reports.page.wording import name, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.page.attempts import Attempt
    from reports.page.dossiers import Dossier
    from reports.page.faults import FaultWindow
    from reports.page.leases import Lease
    from reports.page.timeline import Phase

_MOST_LANES = 16
_MOST_ATTEMPTS = 30
_MOST_LEASES = 20
_MOST_KILLS = 30
_GAP = 8
# How much of the time after the last event is shown, as a share of the time before it.
_AFTERMATH = 0.2
_SHORTEST_SECONDS = 0.2


def draw_dossier(
    dossier: Dossier, phases: Sequence[Phase], faults: Sequence[FaultWindow], run_end: float
) -> Markup | None:
    """Draw a task's story; None where the history tells none."""
    moments = [moment for moment in dossier.moments if moment <= run_end]
    if not moments:
        return None
    start, end = min(moments), max(moments)
    axis = TimeAxis.around(start, max(end + _AFTERMATH * (end - start), start + _SHORTEST_SECONDS))
    shown = _limited(dossier)
    body, height = _body(shown, axis, faults)
    figure = Figure(
        identity=f"{dossier.identity}-figure",
        title=f"What happened to {name(dossier.anomaly.task or 'the run')}",
        description=_describe(dossier, shown),
        height=height,
        body=body,
        css="lanes",
    )
    mine = _faults_first(faults, dossier.attempts)
    return Backdrop(axis=axis, phases=phases, kills=shown.kills, faults=mine).draw(figure)


def _faults_first(faults: Sequence[FaultWindow], attempts: Sequence[Attempt]) -> list[FaultWindow]:
    """Put the faults that struck the task's own processes first: only so many are drawn."""
    mine = {process_id(attempt.process) for attempt in attempts}
    return sorted(faults, key=lambda fault: (mine.isdisjoint(fault.pids), fault.start))


def _limited(dossier: Dossier) -> Dossier:
    attempts = dossier.attempts[:_MOST_ATTEMPTS]
    processes = list(dict.fromkeys(attempt.process for attempt in attempts))[:_MOST_LANES]
    return dataclasses.replace(
        dossier,
        attempts=tuple(attempt for attempt in attempts if attempt.process in processes),
        leases=dossier.leases[:_MOST_LEASES],
        effects=dossier.effects[:_MOST_ATTEMPTS],
        kills=dossier.kills[:_MOST_KILLS],
    )


def _body(
    dossier: Dossier, axis: TimeAxis, faults: Sequence[FaultWindow]
) -> tuple[list[Markup], float]:
    lanes: dict[str, list[Attempt]] = {}
    for attempt in dossier.attempts:
        lanes.setdefault(attempt.process, []).append(attempt)
    processes = list(lanes)
    middle = len(lanes) * LANE_HEIGHT + (_GAP if lanes else 0)
    height = middle + len(dossier.leases) * LANE_HEIGHT + 4
    drawn = [
        *_overlaps(dossier.leases, axis, middle, height),
        *draw_lanes(lanes, axis, faults),
        *(
            _effect(time, axis, processes.index(process) * LANE_HEIGHT)
            for process, time in dossier.effects
            if process in lanes
        ),
    ]
    for number, lease in enumerate(dossier.leases):
        drawn.extend(_lease(lease, axis, middle + number * LANE_HEIGHT))
    return drawn, height


def _overlaps(leases: Sequence[Lease], axis: TimeAxis, top: float, bottom: float) -> list[Markup]:
    drawn = []
    for start, end in find_overlaps(leases):
        left, right = axis.percent(start), axis.percent(end)
        place = {"x": percent(left), "width": percent(right - left)}
        said = f"two live leases from {start:.3f} s to {end:.3f} s"
        shape = {"class": "overlap", **place, "y": top, "height": bottom - top}
        drawn.append(element("rect", shape, [title(said)]))
    return drawn


def _effect(time: float, axis: TimeAxis, top: float) -> Markup:
    said = title(f"effect at {time:.3f} s")
    return element("g", {"class": "effect"}, [said, symbol("effect", axis.percent(time), top + 17)])


def _lease(lease: Lease, axis: TimeAxis, top: float) -> list[Markup]:
    left, right = axis.percent(lease.start), axis.percent(lease.end)
    bar = {"x": percent(left), "width": percent(max(right - left, 0.2)), "y": top + 14, "height": 6}
    end = lease.ending or _without_ending(lease)
    said = f"claim with token {_token(lease)}, {lease.start:.3f} s to {lease.end:.3f} s, {end}"
    mark = f"end-{lease.ending}" if lease.ending else "end-expiry"
    if not axis.shows(lease.end):
        mark = "end-beyond"
    return [
        lane_label(_lease_label(lease, end), top),
        element(
            "g",
            {"class": "lease" if lease.runs_out else "lease unbounded"},
            [title(said), element("rect", bar), symbol(mark, right, top + 17)],
        ),
    ]


def _without_ending(lease: Lease) -> str:
    return f"runs out at {lease.end:.3f} s" if lease.runs_out else "no lease, no end seen"


def _token(lease: Lease) -> str:
    return "none" if lease.token is None else str(lease.token)


def _lease_label(lease: Lease, end: str) -> str:
    of = f" of {name(lease.owner)}" if lease.owner else ""
    parts = [f"token {_token(lease)}{of}"]
    if lease.attempt is not None:
        parts.append(f"attempt {lease.attempt}")
    return ", ".join([*parts, end])


def _describe(dossier: Dossier, shown: Dossier) -> str:
    parts = [
        plural(len(dossier.attempts), "attempt"),
        plural(len(dossier.leases), "claim"),
        plural(len(dossier.effects), "effect"),
    ]
    said = ", ".join(parts)
    cut = len(shown.attempts) < len(dossier.attempts) or len(shown.leases) < len(dossier.leases)
    rest = f" The first {len(shown.attempts)} attempts and {len(shown.leases)} claims are drawn."
    return f"{said}.{rest if cut else ''}"
