"""The ops that an anomaly's proof rests on, and the faults around them.

In the order of time and never more than a reader reads; what is nearest to the proof stays.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.schema import Op

OPS_KEPT: Final = 40
FAULT_WINDOW_NS: Final = 2_000_000_000


def witness(ops: Sequence[Op], incidents: Sequence[Op], moments: Sequence[int]) -> tuple[Op, ...]:
    """Return the task's ops and the incidents within two seconds of them."""
    times = sorted(op.time for op in ops)
    own = {id(op) for op in ops}
    others = [op for op in incidents if id(op) not in own]
    near = [op for op in others if _distance(op.time, times) <= FAULT_WINDOW_NS]
    candidates = [*ops, *near]
    anchors = sorted(moments)
    candidates.sort(key=lambda op: _distance(op.time, anchors))
    return tuple(sorted(candidates[:OPS_KEPT], key=lambda op: op.time))


def _distance(time: int, times: Sequence[int]) -> float:
    """Return how far it is from ``time`` to the nearest of the sorted ``times``."""
    index = bisect.bisect(times, time)
    return min(abs(time - other) for other in times[max(0, index - 1) : index + 1])
