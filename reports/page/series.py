"""What is counted over time: starts and finishes, the backlog, attempts in flight and waits."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from reports.page.timeline import round_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reports.page.attempts import Attempt
    from reports.page.fates import TaskPoint
    from reports.page.timeline import Timeline
    from reports.schema import Op

_MOST_BUCKETS = 200
_MOST_STEPS = 400
_ROWS = {"created": 1, "deleted": -1}
_ENQUEUES = {"enqueue": 1, "finish": -1, "dead-letter": -1}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """A figure for each of equally long buckets since the start; None where there is none."""

    width: float
    values: tuple[float | None, ...]

    @property
    def edges(self) -> list[float]:
        """Where the buckets begin, and where the last one ends."""
        return [number * self.width for number in range(len(self.values) + 1)]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From this moment on, there were so many."""

    time: float
    size: int


def bucket_width(timeline: Timeline) -> float:
    """A round length, of which a run has at most a few hundred."""
    return round_step(timeline.end / _MOST_BUCKETS)


def rate(ops: Iterable[Op], is_counted: Callable[[Op], bool], timeline: Timeline) -> Buckets:
    """Count ops per second, bucket by bucket."""
    width = bucket_width(timeline)
    counts = [0] * (int(timeline.end / width) + 1)
    for op in ops:
        if is_counted(op):
            counts[int(timeline.seconds(op) / width)] += 1
    return Buckets(width=width, values=tuple(count / width for count in counts))


def is_start(op: Op) -> bool:
    """Tell whether a task's body started."""
    return op.f == "attempt" and op.type == "invoke"


def is_finish(op: Op) -> bool:
    """Tell whether a row was completed."""
    return op.f == "finish" and op.type == "ok"


def quantile_of_waits(points: Iterable[TaskPoint], share: float, timeline: Timeline) -> Buckets:
    """A quantile of how long the tasks waited that became due in each bucket."""
    width = bucket_width(timeline)
    waits: list[list[float]] = [[] for _ in range(int(timeline.end / width) + 1)]
    for point in points:
        if point.waited is not None and 0 <= point.due <= timeline.end:
            waits[int(point.due / width)].append(point.waited)
    return Buckets(width=width, values=tuple(quantile(each, share) for each in waits))


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that is not below so many of them; None of none."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)] if ordered else None


def follow_backlog(ops: Sequence[Op], timeline: Timeline) -> list[Step]:
    """Live rows, as the audit saw them come and go; without an audit, enqueued less ended ones."""
    has_audit = any(op.f == "created" for op in ops)
    changes = _ROWS if has_audit else _ENQUEUES
    size, steps = 0, [Step(time=0.0, size=0)]
    for op in ops:
        change = changes.get(op.f, 0) if op.type == "ok" else 0
        if change and not op.value.get("duplicate"):
            size += change
            steps.append(Step(time=timeline.seconds(op), size=size))
    return steps


def follow_in_flight(attempts: Iterable[Attempt], timeline: Timeline) -> list[Step]:
    """Bodies that had started and not ended; one whose end nobody saw stays."""
    moments = [(attempt.start, 1) for attempt in attempts]
    moments += [(attempt.end, -1) for attempt in attempts if attempt.end is not None]
    size, steps = 0, [Step(time=0.0, size=0)]
    for time, change in sorted(moments):
        size += change
        steps.append(Step(time=min(time, timeline.end), size=size))
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
