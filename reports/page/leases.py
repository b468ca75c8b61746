"""The leases of one task, rebuilt from the database's audit.

Lease ends are in the database's seconds, so each is placed relative to the database time of its
claim: the two clocks are never compared.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.timeline import Timeline
    from reports.schema import Op

_ENDINGS = ("release", "finish", "dead-letter")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The time in which one claim held a row.

    Attributes:
        end: when it was given back, else when it runs out, else the end of the run.
        ending: the audit's word for how it was given back, or None if it was not.
        runs_out: whether the subject's claims run out at all.
    """

    token: int | None
    attempt: int | None
    owner: str
    start: float
    end: float
    ending: str | None
    runs_out: bool


def find_leases(task_ops: Sequence[Op], timeline: Timeline) -> list[Lease]:
    """Follow every claim of a task to its last renewal or to its end."""
    claims = [op for op in task_ops if op.f == "claim" and op.type == "ok"]
    return [_follow(claim, task_ops, timeline) for claim in claims]


def find_overlaps(leases: Sequence[Lease]) -> list[tuple[float, float]]:
    """The stretches in which two leases were live at once; claims without a lease do not count."""
    pairs = itertools.combinations([lease for lease in leases if lease.runs_out], 2)
    spans = ((max(a.start, b.start), min(a.end, b.end)) for a, b in pairs)
    return [(start, end) for start, end in spans if start < end]


def _follow(claim: Op, task_ops: Sequence[Op], timeline: Timeline) -> Lease:
    start = timeline.seconds(claim)
    mine = [op for op in task_ops if _is_of_claim(op, claim) and _place(op) > _place(claim)]
    ending = min((op for op in mine if op.f in _ENDINGS), key=_place, default=None)
    renewals = [op for op in mine if op.f == "heartbeat"]
    ends = [end for op in (claim, *renewals) if (end := _lease_end(op, claim, start)) is not None]
    end = timeline.seconds(ending) if ending else max(ends, default=timeline.end)
    return Lease(
        token=claim.token,
        attempt=claim.attempt,
        owner=str(claim.value.get("owner") or ""),
        start=start,
        end=max(end, start),
        ending=ending.f if ending else None,
        runs_out=bool(ends),
    )


def _is_of_claim(op: Op, claim: Op) -> bool:
    return (
        op.process == claim.process
        and op.token == claim.token
        # The row of a task that has ended may be left out.
        and op.value.get("row") in (None, claim.value.get("row"))
    )


def _place(op: Op) -> tuple[float, int]:
    """Where an op of the audit stands: its sequence decides, and its time where it has none."""
    sequence = op.value.get("sequence")
    return (sequence, 0) if isinstance(sequence, int) else (math.inf, op.time)


def _lease_end(op: Op, claim: Op, start: float) -> float | None:
    until, granted = op.value.get("lease_until"), claim.database_time
    if isinstance(until, int | float) and granted is not None and math.isfinite(until - granted):
        return start + (until - granted)
    return None
