"""overlap: the bodies of two attempts of one row ran at the same time.

At-least-once allows it, where it is counted. Effectively-once forbids it, unless something that no
engine can help made it run the row again while the first body lived on: then its fence has to hold,
and ``zombie-finish`` and ``duplicated-effect`` say whether it did. At-most-once forbids it always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.excuses import is_start_excused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import Attempt, History, Row
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the attempts that began while another one of their row was running."""
    rows = [row for row in history.rows.values() if len(row.starts) > 1]
    return Findings(
        exercised=sum(len(row.starts) - 1 for row in rows),
        found=[
            _finding(history, row, running, later)
            for row in rows
            for running, later in _overlaps(history, contract, row)
        ],
    )


def _overlaps(history: History, contract: Contract, row: Row) -> Iterator[tuple[Attempt, Attempt]]:
    """Yield each start during another attempt, with the last of those that nothing excuses."""
    for index, later in enumerate(row.starts):
        for earlier in reversed(row.starts[:index]):
            is_overlap = _is_running(history, earlier, later.start)
            if is_overlap and not _is_excused(history, contract, earlier, later):
                yield earlier, later
                break


def _is_running(history: History, attempt: Attempt, time: int) -> bool:
    """Tell whether it certainly ran then: a body ends when its process may have died."""
    return attempt.end > time and not history.may_have_died(attempt.pid, attempt.start, time)


def _is_excused(history: History, contract: Contract, running: Attempt, later: Attempt) -> bool:
    return contract.delivery == "effectively-once" and (
        history.may_be_belated(later, running.start)
        or is_start_excused(history, contract, running, later.start)
    )


def _finding(history: History, row: Row, running: Attempt, later: Attempt) -> Finding:
    end = f"ended at {history.at(running.end)}" if running.end < float("inf") else "never ended"
    return Finding(
        task=row.task,
        proof=(
            f"row {row.id} was started at {history.at(later.start)} in {later.process} while its"
            f" attempt in {running.process}, begun at {history.at(running.start)}, was running,"
            f" which {end}"
        ),
        moments=(running.start, later.start),
        ops=row.ops,
    )


CHECKER = Checker(
    name="overlap",
    opportunities="second starts",
    find=find,
    is_promised=lambda contract: contract.delivery != "at-least-once",
)
