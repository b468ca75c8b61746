"""The faults of a run, each with the time in which it was at work and the evidence that it landed.

A fault is at work from its first op to the end of its heal; one that was never healed, to the end.
Kills are struck by faults and are told by ``kills``.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.ink import stated_colour
from reports.page.wording import name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.page.timeline import Timeline
    from reports.schema import Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FaultWindow:
    """One strike of a fault.

    Attributes:
        process: who speaks for it in the history, such as ``fault-3``.
        disturbs: nothing, processes or database.
        has_landed: whether anybody saw it take effect.
        pids: the processes that it struck.
    """

    process: str
    fault: str
    family: str
    disturbs: str
    colour: str
    start: float
    end: float
    has_landed: bool
    pids: frozenset[str]

    @property
    def is_pause(self) -> bool:
        """Tell whether its processes were held up as long as it lasted."""
        return self.disturbs == "processes" and bool(self.pids)


def find_faults(ops: Iterable[Op], timeline: Timeline) -> list[FaultWindow]:
    """Find the windows of all faults, in the order in which they began."""
    spoken: dict[str, list[Op]] = {}
    for op in ops:
        if op.process.startswith("fault-") and "." not in op.process:
            spoken.setdefault(op.process, []).append(op)
    return [
        _window(said, timeline) for said in spoken.values() if said[0].f not in ("kill", "heal")
    ]


def at_work(faults: Iterable[FaultWindow], start: float, end: float) -> list[FaultWindow]:
    """The faults that were at work at any time of a stretch."""
    return [fault for fault in faults if fault.start <= end and fault.end >= start]


def _window(ops: Sequence[Op], timeline: Timeline) -> FaultWindow:
    first = ops[0]
    heals = [timeline.seconds(op) for op in ops if op.f == "heal" and op.type != "invoke"]
    landings = [op for op in ops if op.type == "ok" and op.f == first.f]
    return FaultWindow(
        process=first.process,
        fault=name(first.f),
        family=name(str(first.value.get("family", "other"))),
        disturbs=str(first.value.get("disturbs", "nothing")),
        colour=stated_colour(first.value.get("colour")),
        start=timeline.seconds(first),
        end=max(heals, default=_end_of(ops, timeline)),
        has_landed=bool(landings) and not any(op.type == "info" and op.f == first.f for op in ops),
        pids=frozenset(str(pid) for op in landings for pid in _pids(op)),
    )


def _end_of(ops: Sequence[Op], timeline: Timeline) -> float:
    """A fault that was begun and never healed lasts to the end; one that never began does not."""
    has_begun = any(op.type == "ok" for op in ops) or len(ops) == 1
    return timeline.end if has_begun else timeline.seconds(ops[-1])


def _pids(op: Op) -> list[object]:
    pids = op.value.get("pids", ())
    return list(pids) if isinstance(pids, list | tuple) else []
