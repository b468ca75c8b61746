"""attempt-overrun: a row was started more often than its maximum of attempts allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the rows with a start too many, whatever ended the starts before."""
    started = [row for row in history.rows.values() if row.starts]
    return Findings(
        exercised=len(started),
        found=[
            _finding(history, row, allowed)
            for row in started
            if len(row.starts) > (allowed := _allowed(row, contract))
        ],
    )


def _allowed(row: Row, contract: Contract) -> int:
    own = row.created.value.get("max_attempts") if row.created else None
    return contract.max_attempts if own is None else int(own)


def _finding(history: History, row: Row, allowed: int) -> Finding:
    first_too_many = row.starts[allowed]
    return Finding(
        task=row.task,
        proof=(
            f"row {row.id} was started {len(row.starts)} times and may start {allowed} times: start"
            f" {allowed + 1} began at {history.at(first_too_many.start)} in"
            f" {first_too_many.process}"
        ),
        moments=(first_too_many.start,),
        ops=row.ops,
    )


CHECKER = Checker(name="attempt-overrun", opportunities="rows that were started", find=find)
