"""overlong-lease: a claim was held for longer than the contract gives to a worker that may be dead.

A lease that ends later than one recovery time after it was given keeps a dead worker's task from
everybody else, whoever died or not. Both times are the database's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

SLACK_SECONDS: Final = 0.1


def find(history: History, contract: Contract) -> Findings:
    """Find the claims and heartbeats that gave too long a lease."""
    leases = [
        (row, op, float(op.value["lease_until"]) - op.database_time)
        for row in history.rows.values()
        for op in row.audit
        if op.f in ("claim", "heartbeat")
        and op.value.get("lease_until") is not None
        and op.database_time is not None
    ]
    limit = contract.recovery_seconds
    return Findings(
        exercised=len(leases),
        found=[
            _finding(history, row, op, seconds, limit)
            for row, op, seconds in leases
            if seconds > limit + SLACK_SECONDS
        ],
    )


def _finding(history: History, row: Row, op: Op, seconds: float, limit: float) -> Finding:
    return Finding(
        task=row.task,
        proof=(
            f"a {op.f} of row {row.id} at {history.at(op.time)} gave token {op.token} a lease of"
            f" {seconds:.2f} s by the database's clock, where {limit:g} s are promised"
        ),
        moments=(op.time,),
        ops=row.ops,
    )


CHECKER = Checker(
    name="overlong-lease",
    opportunities="leases",
    find=find,
    can_be_seen=lambda contract: contract.leases,
)
