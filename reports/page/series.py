"""What is counted over time: effects per bucket, and the backlog."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.page.timeline import round_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.timeline import Timeline
    from reports.schema import Op

_MOST_BUCKETS = 90
_MOST_STEPS = 600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """How many effects fell into each of equally long buckets since the start."""

    width: float
    counts: tuple[int, ...]


def count_effects(ops: Sequence[Op], timeline: Timeline) -> Buckets:
    """Count the effects in buckets of a round length."""
    width = round_step(timeline.end / _MOST_BUCKETS)
    counts = [0] * (int(timeline.end / width) + 1)
    for op in ops:
        if op.f == "effect" and op.type == "ok":
            counts[int(timeline.seconds(op) / width)] += 1
    return Buckets(width=width, counts=tuple(counts))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From this moment on, the backlog had this size."""

    time: float
    size: int


def follow_backlog(ops: Sequence[Op], timeline: Timeline) -> list[Step]:
    """Acknowledged enqueues that were no duplicates, less finished, less dead-lettered."""
    size, steps = 0, [Step(time=0.0, size=0)]
    for op in ops:
        change = _change(op)
        if change:
            size += change
            steps.append(Step(time=timeline.seconds(op), size=size))
    return steps


def thin_out(steps: Sequence[Step], timeline: Timeline) -> list[Step]:
    """Keep the highest, the lowest and the last step of each sliver of time, in their order."""
    slivers: dict[int, list[Step]] = {}
    for step in steps:
        slivers.setdefault(int(_MOST_STEPS * step.time / timeline.end), []).append(step)
    kept: list[Step] = []
    for sliver in slivers.values():
        chosen = {id(max(sliver, key=_size)), id(min(sliver, key=_size)), id(sliver[-1])}
        kept.extend(step for step in sliver if id(step) in chosen)
    return kept


def _size(step: Step) -> int:
    return step.size


def _change(op: Op) -> int:
    if op.type != "ok":
        return 0
    if op.f == "enqueue":
        return 0 if op.value.get("duplicate") else 1
    return -1 if op.f in ("finish", "dead-letter") else 0
