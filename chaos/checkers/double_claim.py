"""double-claim: two claims of one row were live at once, or two had the same token.

Judged by the audit's order and the database's clock alone, so no worker's clock can excuse or
accuse anybody.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chaos.checkers.checker import DATABASE_TICK_SECONDS, Checker, Finding, Findings
from chaos.rows import audit_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.history import History
    from chaos.rows import Claim, Row
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the claims that were made while another one of the same row was live."""
    return Findings(
        exercised=_opportunities(history),
        found=[
            _finding(history, row, former, claim)
            for row in history.rows.values()
            for index, claim in enumerate(row.claims)
            if (former := _rival(claim, row.claims[:index])) is not None
        ],
    )


def _opportunities(history: History) -> int:
    """Count the claims if several owners competed for them, else the rows claimed again."""
    claims = [claim for row in history.rows.values() for claim in row.claims]
    if len({claim.owner for claim in claims}) > 1:
        return len(claims)
    return sum(len(row.claims) > 1 for row in history.rows.values())


def _rival(claim: Claim, earlier: Sequence[Claim]) -> Claim | None:
    return next((former for former in reversed(earlier) if _conflict(former, claim)), None)


def _conflict(former: Claim, claim: Claim) -> bool:
    if _same_token(former, claim):
        return True
    if former.ending is not None and audit_order(former.ending) < audit_order(claim.op):
        return False
    return claim.began < former.ended - DATABASE_TICK_SECONDS


def _same_token(former: Claim, claim: Claim) -> bool:
    return claim.token is not None and claim.token == former.token


def _finding(history: History, row: Row, former: Claim, claim: Claim) -> Finding:
    if _same_token(former, claim):
        how = f"which {former.owner} had been granted at {history.at(former.op.time)} already"
    else:
        how = (
            f"while the lease of token {former.token}, granted to {former.owner} at"
            f" {history.at(former.op.time)}, ran {_until(history, former)}"
        )
    return Finding(
        task=row.task,
        proof=(
            f"row {row.id} was claimed at {history.at(claim.op.time)} by {claim.owner} with token"
            f" {claim.token}, {how}"
        ),
        moments=(former.op.time, claim.op.time),
        ops=row.ops,
    )


def _until(history: History, claim: Claim) -> str:
    if math.isinf(claim.ended):
        return "without end"
    return f"until {history.at_database(claim.ended, claim.op)}"


CHECKER = Checker(
    name="double-claim",
    opportunities="rows claimed twice and no second owner who claims",
    find=find,
    can_be_seen=lambda contract: contract.leases,
)
