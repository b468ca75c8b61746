"""What an op's value says in a table: the moments in it as seconds of the run, like all others.

Times of the database are placed by the op's own time there: the two clocks are never compared.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.page.timeline import Timeline
    from reports.schema import Op

_BY_THE_DATABASE = frozenset({"run_at", "lease_until", "slot_at", "repeat_until"})
_BY_THE_HARNESS = frozenset({"alive_at"})
_FOR_DRAWING = frozenset({"colour", "disturbs", "family"})


def told_value(op: Op, timeline: Timeline) -> dict[str, Any]:
    """Return what is told of an op's value, without what only says how a fault is drawn."""
    is_fault = op.process.startswith("fault-")
    return {
        key: _told(key, entry, op, timeline)
        for key, entry in op.value.items()
        if not (is_fault and key in _FOR_DRAWING)
    }


def _told(key: str, entry: Any, op: Op, timeline: Timeline) -> Any:
    if isinstance(entry, bool) or not isinstance(entry, int | float) or not math.isfinite(entry):
        return entry
    if key in _BY_THE_HARNESS:
        return f"{(entry - timeline.zero) / 1e9:.3f} s"
    if key in _BY_THE_DATABASE and op.database_time is not None:
        return f"{timeline.seconds(op) + entry - op.database_time:.3f} s"
    return entry
