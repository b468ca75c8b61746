"""Who claims, and when each of them had nothing to do: what checks of idle workers ask.

A worker is the process that its claims name as their owner. It is idle while it holds no claim;
before its first claim it may still be starting, and after a stop or its death it is none.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from typing import TYPE_CHECKING, Any

from chaos.checkers.leases import claim_end
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.history import History
    from chaos.rows import Claim


@dataclasses.dataclass(slots=True, kw_only=True)
class Worker:
    """One process that claimed.

    Attributes:
        came: when it first claimed from each queue.
        went: when it was told to stop, or may have died.
        claims: all of its claims.
        starts: when it was busy, as disjoint intervals: this is when each one began.
        ends: and when it ended.
    """

    pid: int
    came: dict[Any, int] = dataclasses.field(default_factory=dict)
    went: float = math.inf
    claims: list[Claim] = dataclasses.field(default_factory=list)
    starts: list[float] = dataclasses.field(default_factory=list)
    ends: list[float] = dataclasses.field(default_factory=list)

    def is_idle(self, queue: object, start: float, end: float) -> bool:
        """Tell whether it lived and held no claim from ``start`` to ``end``."""
        if self.came.get(queue, math.inf) > start or self.went <= end:
            return False
        # Who claims several rows at once holds the first of them a little earlier.
        index = bisect.bisect_left(self.starts, end - CLOCK_SLACK_NS) - 1
        return index < 0 or self.ends[index] <= start


def find_workers(history: History) -> dict[int, Worker]:
    """Return the workers, by pid."""
    workers: dict[int, Worker] = {}
    for row in history.rows.values():
        queue = row.created.value.get("queue") if row.created else None
        for claim in row.claims:
            if claim.owner_pid is not None:
                worker = workers.setdefault(claim.owner_pid, Worker(pid=claim.owner_pid))
                worker.claims.append(claim)
                came = worker.came.get(queue, claim.op.time)
                worker.came[queue] = min(came, claim.op.time)
    stops = {int(op.value["pid"]): op.time for op in reversed(history.ops) if op.f == "stop"}
    for pid, worker in workers.items():
        death = history.deaths.get(pid)
        worker.went = min(stops.get(pid, math.inf), death.earliest if death else math.inf)
        _join(worker)
    return workers


def find_idle(
    history: History, workers: Mapping[int, Worker], queue: object, start: float, end: float
) -> int | None:
    """Return a worker that was idle all the while and that no fault held up, if there was one."""
    for pid, worker in workers.items():
        if worker.is_idle(queue, start, end) and not history.is_held_up(pid, start, end):
            return pid
    return None


def _join(worker: Worker) -> None:
    for start, end in sorted((claim.op.time, claim_end(claim)) for claim in worker.claims):
        if worker.ends and start <= worker.ends[-1]:
            worker.ends[-1] = max(worker.ends[-1], end)
        else:
            worker.starts.append(start)
            worker.ends.append(end)
