"""unjustified-redelivery: a task was started again although nothing had ended its attempt before.

What justifies another start: the attempt raised or ran into the contract's timeout, or its process
or the holder of its claim may have died or been held up by a fault. A lease that ran out justifies
one only if it had been renewed at least once: then the engine kept it alive and was held up, which
a busy machine can do to anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.excuses import is_start_excused, successions

if TYPE_CHECKING:
    from chaos.attempts import Attempt
    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the starts that nothing justifies."""
    pairs = [
        (row, earlier, later)
        for row in history.rows.values()
        for earlier, later in successions(history, row.starts)
    ]
    return Findings(
        exercised=len(pairs),
        found=[
            _finding(history, row, earlier, later)
            for row, earlier, later in pairs
            if not is_start_excused(history, contract, earlier, later.start)
        ],
    )


def _finding(history: History, row: Row, earlier: Attempt, later: Attempt) -> Finding:
    ended = "had not ended" if earlier.end > later.start else f"had ended {earlier.outcome}"
    return Finding(
        task=earlier.task,
        proof=(
            f"row {row.id} of {earlier.task} was started at {history.at(later.start)} in"
            f" {later.process}{_under(later)} although its start at {history.at(earlier.start)} in"
            f" {earlier.process}{_under(earlier)} {ended}, and no process of it had died or was"
            " held up"
        ),
        moments=(earlier.start, later.start),
        ops=row.ops,
    )


def _under(attempt: Attempt) -> str:
    return f" under token {attempt.token}" if attempt.token is not None else ""


CHECKER = Checker(name="unjustified-redelivery", opportunities="second starts", find=find)
