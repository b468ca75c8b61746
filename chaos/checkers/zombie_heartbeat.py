"""zombie-heartbeat: a lease was renewed by somebody who did not hold the claim any more.

Two witnesses can tell. The audit: the heartbeat names another token than the row's claim, or that
claim had ended. The harness: the holder of the claim had been seen dead by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.deaths import trailing_pid
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

ENDS = frozenset({"release", "finish", "dead-letter"})


def find(history: History, _: Contract) -> Findings:
    """Find the heartbeats that were accepted from a stale claim."""
    exercised, found = 0, list[Finding]()
    for row in history.rows.values():
        if len(row.claims) > 1:
            again = row.audit.index(row.claims[1].op)
            exercised += sum(op.f == "heartbeat" for op in row.audit[again:])
        found += _zombies(history, row)
    return Findings(exercised=exercised + len(found), found=found)


def _zombies(history: History, row: Row) -> Iterator[Finding]:
    claim: Op | None = None
    over: Op | None = None
    for op in row.audit:
        if op.f == "claim":
            claim, over = op, None
        elif op.f in ENDS:
            over = op
        elif op.f == "heartbeat" and claim is not None:
            reason = _stale(history, op, claim, over) or _ownerless(history, op, claim)
            if reason:
                yield _finding(row, op, f"was accepted at {history.at(op.time)}, {reason}")


def _stale(history: History, beat: Op, claim: Op, over: Op | None) -> str:
    """Say why the audit knows that the claim named by ``beat`` was over; empty if it was not."""
    if None not in (beat.token, claim.token) and beat.token != claim.token:
        return (
            f"but the row had been claimed with token {claim.token} by"
            f" {claim.value.get('owner')} at {history.at(claim.time)}"
        )
    if over is not None:
        return f"but the claim had ended with a {over.f} at {history.at(over.time)}"
    return ""


def _ownerless(history: History, beat: Op, claim: Op) -> str:
    """Say that the holder was dead by then; empty if it may have lived."""
    owner = str(claim.value.get("owner") or "")
    death = history.death_seen(trailing_pid(owner), beat.time - CLOCK_SLACK_NS)
    # The system may give a pid twice: a death before the claim was another process's.
    if death is None or death.seen is None or death.seen < claim.time - CLOCK_SLACK_NS:
        return ""
    return f"but {owner}, which held the claim, was dead since {history.at(death.seen)}"


def _finding(row: Row, beat: Op, reason: str) -> Finding:
    return Finding(
        task=row.task,
        proof=f"a heartbeat of row {row.id} naming token {beat.token} {reason}",
        moments=(beat.time,),
        ops=row.ops,
    )


CHECKER = Checker(
    name="zombie-heartbeat",
    opportunities="heartbeats of rows that were claimed again",
    find=find,
    can_be_seen=lambda contract: contract.leases,
)
