"""unjustified-redelivery: a task was started again although nothing had ended its attempt before.

What justifies another start: the attempt raised, or its process or the holder of its claim may have
died. A lease that ran out justifies one only if it had been renewed at least once: then the engine
kept it alive and was held up, which a busy machine can do to anybody.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.attempts import Attempt
    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the starts that nothing justifies."""
    del contract  # every contract forbids them
    pairs = [
        (row, earlier, later)
        for row in history.rows.values()
        for earlier, later in itertools.pairwise(row.starts)
    ]
    return Findings(
        exercised=len(pairs),
        found=[
            _finding(history, row, earlier, later)
            for row, earlier, later in pairs
            if not _is_justified(history, row, earlier, later)
        ],
    )


def _is_justified(history: History, row: Row, earlier: Attempt, later: Attempt) -> bool:
    if earlier.outcome == "fail" and earlier.end <= later.start:
        return True
    processes = {earlier.pid, *history.holders(earlier)}
    return _was_held_up(row, earlier) or any(
        history.may_have_died(pid, earlier.start, later.start) for pid in processes
    )


def _was_held_up(row: Row, attempt: Attempt) -> bool:
    """Tell whether its lease was renewed and ran out all the same."""
    if attempt.token is None:
        return False
    ran_out = any(
        claim.token == attempt.token and claim.ended >= claim.lease_until for claim in row.claims
    )
    return ran_out and any(op.f == "heartbeat" and op.token == attempt.token for op in row.audit)


def _finding(history: History, row: Row, earlier: Attempt, later: Attempt) -> Finding:
    ended = "had not ended" if earlier.end > later.start else f"had ended {earlier.outcome}"
    return Finding(
        task=earlier.task,
        proof=(
            f"row {row.id} of {earlier.task} was started at {history.at(later.start)} in"
            f" {later.process}{_under(later)} although its start at {history.at(earlier.start)} in"
            f" {earlier.process}{_under(earlier)} {ended}, and no process of it had died"
        ),
        moments=(earlier.start, later.start),
        ops=row.ops,
    )


def _under(attempt: Attempt) -> str:
    return f" under token {attempt.token}" if attempt.token is not None else ""


CHECKER = Checker(name="unjustified-redelivery", opportunities="second starts", find=find)
