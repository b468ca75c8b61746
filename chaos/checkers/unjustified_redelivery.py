"""unjustified-redelivery: a task was started again although nothing had ended its attempt before.

What justifies another start: the attempt raised, or its process or the holder of its claim may have
died. A lease that ran out justifies one only if it had been renewed at least once: then the engine
kept it alive and was held up, which a busy machine can do to anybody.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.leases import has_run_out, lease_end
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from chaos.attempts import Attempt
    from chaos.history import History
    from chaos.rows import Claim, Row
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the starts that nothing justifies."""
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
            if not _is_justified(history, earlier, later)
        ],
    )


def _is_justified(history: History, earlier: Attempt, later: Attempt) -> bool:
    if earlier.outcome == "fail" and earlier.end <= later.start:
        return True
    return history.may_have_been_cut_off(earlier, later.start) or any(
        claim.is_renewed and _ran_out_between(claim, since, later.start)
        for claim, since in history.tenures(earlier)
    )


def _ran_out_between(claim: Claim, start: int, end: int) -> bool:
    """Tell whether nothing but its time ended the lease, from ``start`` to ``end``."""
    is_in_time = start - CLOCK_SLACK_NS <= lease_end(claim) <= end + CLOCK_SLACK_NS
    return is_in_time and has_run_out(claim)


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
