"""zombie-finish: a claim that was over still ended its task.

Two witnesses can tell. The audit: the finish names another token than the row's claim, or that
claim had ended. The bodies, where they are told their tokens: a finish of a token none of whose
attempts had returned by then, so somebody finished it who did not run it to its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

ENDS: Final = ("finish", "dead-letter")


def find(history: History, _: Contract) -> Findings:
    """Find the finishes and dead-letters that were accepted from a stale claim."""
    return Findings(
        exercised=sum(op.f in ENDS for row in history.rows.values() for op in row.audit),
        found=[found for row in history.rows.values() for found in _zombies(history, row)],
    )


def _zombies(history: History, row: Row) -> Iterator[Finding]:
    claim: Op | None = None
    over: Op | None = None
    for op in row.audit:
        if op.f == "claim":
            claim, over = op, None
        elif op.f == "release":
            over = op
        elif op.f in ENDS:
            reason = claim and (_stale(history, op, claim, over) or _still_open(history, row, op))
            if reason:
                yield _finding(history, row, op, reason)
            over = op


def _stale(history: History, end: Op, claim: Op, over: Op | None) -> str:
    """Say why the audit knows that the claim named by ``end`` was over; empty if it was not."""
    if None not in (end.token, claim.token) and end.token != claim.token:
        owner = claim.value.get("owner")
        return f"but the row had been claimed with token {claim.token} by {owner} at " + history.at(
            claim.time
        )
    # Without a token only a worker finishes; a row that waits may well be given up by others.
    if over is not None and (end.token is not None or end.f == "finish"):
        return f"but the claim had ended with a {over.f} at {history.at(over.time)}"
    return ""


def _still_open(history: History, row: Row, end: Op) -> str:
    """Say that no attempt of the named token had returned; empty if one had, or none is told."""
    told = [start for start in row.starts if start.token is not None]
    if end.f != "finish" or end.token is None or not told:
        return ""
    own = [start for start in told if start.token == end.token]
    latest = end.time + CLOCK_SLACK_NS
    if any(start.outcome == "ok" and start.end <= latest for start in own):
        return ""
    if not own:
        return "although no attempt of that token had begun"
    return (
        f"although {own[0].process}, which began the attempt of that token at"
        f" {history.at(own[0].start)}, had not returned"
    )


def _finding(history: History, row: Row, end: Op, reason: str) -> Finding:
    return Finding(
        task=row.task,
        proof=(
            f"a {end.f} of row {row.id} naming token {end.token} was accepted at"
            f" {history.at(end.time)}, {reason}"
        ),
        moments=(end.time,),
        ops=row.ops,
    )


CHECKER = Checker(name="zombie-finish", opportunities="finishes", find=find)
