"""double-finish: more than one end of a row was accepted.

A row that somebody put back into the queue after its end is created anew, and may end anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import History, Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

ENDS: Final = ("finish", "dead-letter")


def find(history: History, _: Contract) -> Findings:
    """Find the finishes and dead-letters of rows that had ended."""
    return Findings(
        exercised=sum(op.f in ENDS for row in history.rows.values() for op in row.audit),
        found=[
            _finding(history, row, first, second)
            for row in history.rows.values()
            for first, second in _ends_again(row)
        ],
    )


def _ends_again(row: Row) -> Iterator[tuple[Op, Op]]:
    """Yield each end of the row after its first one, with that."""
    first: Op | None = None
    for op in row.audit:
        if op.f == "created":
            first = None
        elif op.f in ENDS and first is not None:
            yield first, op
        elif op.f in ENDS:
            first = op


def _finding(history: History, row: Row, first: Op, second: Op) -> Finding:
    return Finding(
        task=row.task,
        proof=(
            f"a {second.f} of row {row.id} naming token {second.token} was accepted at"
            f" {history.at(second.time)}, after a {first.f} naming token {first.token} at"
            f" {history.at(first.time)}"
        ),
        moments=(first.time, second.time),
        ops=row.ops,
    )


CHECKER = Checker(name="double-finish", opportunities="finishes", find=find)
