"""When faults were at work, and whom they may have held up meanwhile.

A window opens when a fault is about to strike and closes when it was taken back: what happened in
between may be its doing. A fault that was never taken back is at work until the end.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.schema import Op

HEAL: Final = "heal"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One fault's time at work.

    Attributes:
        fault: its name, as in ``chaos list``.
        disturbs: nothing, processes or database.
        opened: the fault's first op.
        landed: the op that says that it was seen to land, unless an ``info`` takes that back.
        closed: the time at which it was healed; infinity if it never was.
        pids: the processes that it struck, where it struck any.
    """

    fault: str
    disturbs: str
    opened: Op
    landed: Op | None
    closed: float
    pids: frozenset[int]

    def is_at_work(self, start: float, end: float) -> bool:
        """Tell whether it was at work at any time from ``start`` to ``end``."""
        return self.opened.time <= end and self.closed >= start


def find_windows(ops: Iterable[Op]) -> tuple[Window, ...]:
    """Return the windows of all faults, by the time at which they opened."""
    by_fault: dict[str, list[Op]] = {}
    for op in ops:
        if op.process.startswith("fault-") and "." not in op.process:
            by_fault.setdefault(op.process, []).append(op)
    return tuple(_window(spoken) for spoken in by_fault.values() if spoken[0].f not in NO_WINDOWS)


NO_WINDOWS: Final = frozenset({"kill"})
"""A kill is a death, which has its own rules: it is no window."""


def _window(ops: list[Op]) -> Window:
    opened = ops[0]
    told = next((op for op in ops if op.type == "ok" and op.f != HEAL), None)
    is_taken_back = any(op.type == "info" and op.f != HEAL for op in ops)
    healed = [op.time for op in ops if op.f == HEAL and op.type == "ok"]
    return Window(
        fault=opened.f,
        disturbs=str(opened.value.get("disturbs", "nothing")),
        opened=opened,
        landed=None if is_taken_back else told,
        closed=max(healed, default=math.inf),
        pids=frozenset(map(int, told.value.get("pids", ()) if told else ())),
    )
