"""One row of the queue and its claims, as the database's audit saw them.

Everything here is in audit order and, for leases, in the database's seconds: the clocks of the
processes have no say in it.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
import operator
from typing import TYPE_CHECKING, Any

from chaos.deaths import trailing_pid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.history import Attempt
    from reports.schema import Op

ENDINGS = frozenset({"release", "finish", "dead-letter", "deleted"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim of a row, with its lease.

    Attributes:
        op: the audit's op.
        lease_until: the end of the lease after its last heartbeat; infinity if it has none.
        renewals: the heartbeats that renewed the lease, in audit order.
        ending: the op that ended the claim, if any; the lease may have run out before.
        owner_pid: the process that claimed, where its name tells.
    """

    op: Op
    lease_until: float
    renewals: tuple[Op, ...]
    ending: Op | None
    owner_pid: int | None

    @property
    def is_renewed(self) -> bool:
        """Whether a heartbeat ever renewed the lease."""
        return bool(self.renewals)

    @property
    def token(self) -> int | None:
        """The fencing token."""
        return self.op.token

    @property
    def owner(self) -> str:
        """Who claimed, in the subject's words."""
        return _owner(self.op)

    @property
    def began(self) -> float:
        """When the lease began."""
        return _database_time(self.op)

    @property
    def lease_seconds(self) -> float:
        """How long the lease was when it began; infinity if it had no end."""
        return _lease_until(self.op) - self.began

    @property
    def ended(self) -> float:
        """When the lease ended: it ran out, or the claim ended before."""
        return min(self.lease_until, _database_time(self.ending) if self.ending else math.inf)


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Row:
    """One row of the table of live tasks, from its creation to its end.

    Attributes:
        id: the row's id, which it keeps in the tables of ended tasks.
        task: the workload's key of its task, where anybody told it.
        audit: its ops, in audit order.
        claims: its claims, in audit order.
        starts: the attempts that ran it, by start.
        ops: everything that is known of its task, for a witness.
    """

    id: Any
    task: str | None
    audit: Sequence[Op] = ()
    claims: Sequence[Claim] = ()
    starts: list[Attempt] = dataclasses.field(default_factory=list)
    ops: Sequence[Op] = ()

    @property
    def created(self) -> Op | None:
        """The op of its creation, where the audit has it."""
        return self.first("created")

    @property
    def last_claim(self) -> Claim | None:
        """Who held it last."""
        return self.claims[-1] if self.claims else None

    def first(self, *words: str) -> Op | None:
        """Return the first of its audit ops that is one of ``words``."""
        return next((op for op in self.audit if op.f in words), None)


def audit_order(op: Op) -> int:
    """Return the sort key of audit ops; without sequences they stay in the order of their times."""
    return int(op.value.get("sequence", 0))


def follow_claims(audit: Sequence[Op]) -> tuple[Claim, ...]:
    """Follow every claim of a row through its heartbeats to its end, in one pass over the audit."""
    claims: list[tuple[int, Op]] = []
    by_token: dict[int | None, list[tuple[int, Op]]] = {}
    deleted: list[tuple[int, Op]] = []
    for placed in enumerate(audit):
        op = placed[1]
        if op.f == "claim":
            claims.append(placed)
        elif op.f == "deleted":
            deleted.append(placed)
        elif op.f == "heartbeat" or op.f in ENDINGS:
            by_token.setdefault(op.token, []).append(placed)
    return tuple(
        _follow(claim, _after(place, by_token.get(claim.token, [])), _after(place, deleted))
        for place, claim in claims
    )


def _after(place: int, ops: list[tuple[int, Op]]) -> list[tuple[int, Op]]:
    return ops[bisect.bisect(ops, place, key=operator.itemgetter(0)) :]


def _follow(claim: Op, own: list[tuple[int, Op]], deleted: list[tuple[int, Op]]) -> Claim:
    renewals = tuple(op for _, op in own if op.f == "heartbeat")
    endings = [placed for placed in own if placed[1].f in ENDINGS][:1] + deleted[:1]
    ending = min(endings, key=operator.itemgetter(0), default=None)
    return Claim(
        op=claim,
        lease_until=_lease_until(renewals[-1] if renewals else claim),
        renewals=renewals,
        ending=ending[1] if ending is not None else None,
        # Once a claim, not once a question: a checker asks about every pair of attempt and claim.
        owner_pid=trailing_pid(_owner(claim)),
    )


def _lease_until(op: Op) -> float:
    until = op.value.get("lease_until")
    return math.inf if until is None else float(until)


def _owner(claim: Op) -> str:
    return str(claim.value.get("owner") or "")


def _database_time(op: Op) -> float:
    if op.database_time is None:
        raise ValueError(f"the audit op {op.f!r} of row {op.value.get('row')} has no database_time")
    return op.database_time
