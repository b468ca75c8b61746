"""early-dead-letter: a task was given up although it had attempts left.

Only tasks of kinds that raise ordinary errors or are killed are judged, and only where the body
that ran under the last token raised or was killed: an engine may give up at once what it cannot
run at all, and what a body says is hopeless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

ORDINARY: Final = frozenset(
    {"send_mail", "take_note", "write_invoice", "hang_once", "fail_once", "kill_worker"}
)
"""The kinds of tasks that ask for nothing but to be tried again."""


def find(history: History, contract: Contract) -> Findings:
    """Find the dead-letters of tasks that should have been tried again."""
    ends = [
        (row, op)
        for row in history.rows.values()
        for op in row.audit
        if op.f == "dead-letter" and _is_ordinary(history, row) and _had_bad_end(row, op)
    ]
    return Findings(
        exercised=len(ends),
        found=[
            _finding(history, row, op, allowed)
            for row, op in ends
            for allowed in [_allowed(row, contract)]
            if int(op.value.get("attempts", allowed)) < allowed
        ],
    )


def _is_ordinary(history: History, row: Row) -> bool:
    enqueues = history.tasks[row.task].enqueues if row.task is not None else []
    return bool(enqueues) and all(
        enqueue.invoke.value.get("kind") in ORDINARY for enqueue in enqueues
    )


def _had_bad_end(row: Row, end: Op) -> bool:
    """Tell whether the body that ran last did so under the token that is named, and ended badly."""
    last = row.starts[-1] if row.starts else None
    return (
        last is not None
        and end.token is not None
        and last.token == end.token
        and last.outcome in ("fail", "killed")
    )


def _allowed(row: Row, contract: Contract) -> int:
    own = row.created.value.get("max_attempts") if row.created else None
    return contract.max_attempts if own is None else int(own)


def _finding(history: History, row: Row, end: Op, allowed: int) -> Finding:
    return Finding(
        task=row.task,
        proof=(
            f"row {row.id} was given up at {history.at(end.time)} after"
            f" {end.value.get('attempts')} of {allowed} attempts, the last of which"
            f" {'raised' if row.starts[-1].outcome == 'fail' else 'was killed'}"
        ),
        moments=(end.time,),
        ops=row.ops,
    )


CHECKER = Checker(
    name="early-dead-letter",
    opportunities="dead-letters of ordinary tasks after a body that raised or was killed",
    find=find,
    is_promised=lambda contract: contract.delivery != "at-most-once" and contract.counts_attempts,
)
