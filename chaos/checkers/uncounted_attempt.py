"""uncounted-attempt: a row started more often than the engine charged it.

Such a task can kill its worker for ever. A last start that was still open when the history ended
is not counted: an engine may charge it at its end. Bodies that are told numbers must be told larger
ones each time, but for one that a death or a fault delayed until another had overtaken it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.attempts import Attempt, Task
    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract

RECORDS: Final = ("release", "finish", "dead-letter")


def find(history: History, _: Contract) -> Findings:
    """Find the rows with a start that was never charged, or charged under a used number."""
    started = [
        (task, row) for task in history.tasks.values() for row in task.rows.values() if row.starts
    ]
    return Findings(
        exercised=len(started),
        found=[found for task, row in started if (found := _examine(history, task, row))],
    )


def _examine(history: History, task: Task, row: Row) -> Finding | None:
    is_last_open = row.starts[-1].outcome == "open"
    over = row.starts[:-1] if is_last_open else row.starts
    recorded = _recorded(task, row)
    if recorded is not None and recorded < len(over):
        return _finding(
            row,
            f"row {row.id} was started {_times(len(over))} at {history.at(over[-1].start)} in"
            f" {over[-1].process}, and the engine recorded {_attempts(recorded)}",
            over[-1],
        )
    numbered = sorted(
        ((start.number, start) for start in row.starts if start.number is not None),
        key=lambda pair: (pair[1].start, pair[0]),
    )
    for (number, start), (next_number, next_start) in itertools.pairwise(numbered):
        if next_number <= number and not history.may_be_belated(next_start, start.start):
            return _finding(
                row,
                f"row {row.id} was started as attempt {number} at {history.at(start.start)} in"
                f" {start.process} and as attempt {next_number} at"
                f" {history.at(next_start.start)} in {next_start.process}",
                next_start,
            )
    return None


def _recorded(task: Task, row: Row) -> int | None:
    """Return the most attempts that the engine ever recorded for the row, or may have."""
    last = [op for op in row.audit if op.f in RECORDS][-1:]
    maybe = [*task.loose, *task.finals_of(row.id)]
    claims = [claim.op for claim in row.claims]
    told = [op.value.get("attempts") for op in (*claims, *last, *maybe)]
    told += [claim.attempt for claim in claims]
    return max((int(number) for number in told if number is not None), default=None)


def _times(starts: int) -> str:
    return "once," if starts == 1 else f"{starts} times, the last time"


def _attempts(recorded: int) -> str:
    return "1 attempt" if recorded == 1 else f"{recorded} attempts"


def _finding(row: Row, proof: str, start: Attempt) -> Finding:
    return Finding(task=row.task, proof=proof, moments=(start.start,), ops=row.ops)


CHECKER = Checker(
    name="uncounted-attempt",
    opportunities="rows that were started",
    find=find,
    is_promised=lambda contract: contract.counts_attempts,
)
