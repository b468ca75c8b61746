"""The faults above the lanes of a figure: a labelled bar for each, and a band for a database's.

A pause of processes is hatched in their lanes; what befell the database befell every lane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.page.svg import element, percent, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.page.faults import FaultWindow
    from reports.page.timeline import TimeAxis

FAULT_HEIGHT = 18

_LABEL_SHARE = 55
_NARROWEST = 0.4


def draw_faults(
    faults: Sequence[FaultWindow], axis: TimeAxis, top: float, bottom: float
) -> list[Markup]:
    """Draw each fault in a row of its own, below ``top``."""
    return [
        part
        for row, fault in enumerate(faults)
        for part in _draw(fault, axis, top + row * FAULT_HEIGHT, bottom)
    ]


def _draw(fault: FaultWindow, axis: TimeAxis, top: float, bottom: float) -> list[Markup]:
    left, right = axis.percent(fault.start), axis.percent(fault.end)
    place = {"x": percent(left), "width": percent(max(right - left, _NARROWEST))}
    said = f"{fault.fault}, {fault.start:.3f} s to {fault.end:.3f} s"
    if not fault.has_landed:
        said += ", not seen to land"
    drawn = []
    if fault.disturbs == "database" and fault.has_landed:
        shape = {"class": "outage", **place, "y": top, "height": bottom - top}
        drawn.append(element("rect", {**shape, "fill": fault.colour}))
    # The label stands beside the start of its bar, on the side on which there is more room.
    is_late = left > _LABEL_SHARE
    words = {
        "x": percent(left),
        "y": top + 11,
        "dx": -5 if is_late else 5,
        "text-anchor": "end" if is_late else "start",
    }
    css = "fault-bar" if fault.has_landed else "fault-bar missed"
    bar = {"class": css, **place, "y": top + 1, "height": FAULT_HEIGHT - 4, "fill": fault.colour}
    text = fault.fault if fault.has_landed else f"{fault.fault}: not seen to land"
    parts = [title(said), element("rect", bar), element("text", words, [text])]
    return [*drawn, element("g", {"class": "fault"}, parts)]
