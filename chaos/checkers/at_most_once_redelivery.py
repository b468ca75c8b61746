"""at-most-once-redelivery: a row was started twice under a contract that forbids it always.

Who promises at-most-once would rather lose a task than run it again: no death, no error and no
fault excuses a second start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import History, Row
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the rows that were started more than once."""
    started = [row for row in history.rows.values() if row.starts]
    return Findings(
        exercised=len(started),
        found=[_finding(history, row) for row in started if len(row.starts) > 1],
    )


def _finding(history: History, row: Row) -> Finding:
    first, second = row.starts[:2]
    return Finding(
        task=row.task,
        proof=(
            f"row {row.id} was started at {history.at(first.start)} in {first.process} and again at"
            f" {history.at(second.start)} in {second.process}, and its contract allows one start"
        ),
        moments=(first.start, second.start),
        ops=row.ops,
    )


CHECKER = Checker(
    name="at-most-once-redelivery",
    opportunities="rows that were started",
    find=find,
    can_be_seen=lambda contract: contract.delivery == "at-most-once",
)
