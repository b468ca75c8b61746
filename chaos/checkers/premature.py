"""premature: a row was claimed, or is due, before the time that the call asked for.

Claims are judged by the row's time and the database's clock. Whether that time is the right one,
the call tells: a delay counts from the call, and a time of day is what it is. A release may set
another time, so only the creation is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import DATABASE_TICK_SECONDS, Checker, Finding, Findings
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.attempts import Enqueue
    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

DELAY_SECONDS: Final = 0.05
"""A row counts as delayed if it is due later than this after its creation."""


def find(history: History, _: Contract) -> Findings:
    """Find the claims that came before the time that the row had been given."""
    claims = [
        (row, claim, run_at)
        for row in history.rows.values()
        for claim, run_at in _claims_with_due_time(row)
    ]
    return Findings(
        exercised=sum(_is_delayed(row, run_at) for row, _claim, run_at in claims),
        found=[
            _finding(history, row, claim, run_at)
            for row, claim, run_at in claims
            if _is_early(claim, run_at)
        ]
        + [_misdated(history, row) for row in history.rows.values() if _is_misdated(history, row)],
    )


def _claims_with_due_time(row: Row) -> Iterator[tuple[Op, float]]:
    due: float | None = None
    for op in row.audit:
        told = op.value.get("run_at")
        if op.f in ("created", "release") and told is not None:
            due = float(told)
        elif op.f == "claim":
            # Somebody may have moved the due time between; the earlier one accuses nobody wrongly.
            times = [float(time) for time in (due, told) if time is not None]
            if times:
                yield op, min(times)


def _is_delayed(row: Row, run_at: float) -> bool:
    created = row.created.database_time if row.created else None
    return created is not None and run_at - created > DELAY_SECONDS


def _is_early(claim: Op, run_at: float) -> bool:
    now = claim.database_time
    return now is not None and run_at - now > DATABASE_TICK_SECONDS


def _finding(history: History, row: Row, claim: Op, run_at: float) -> Finding:
    return Finding(
        task=row.task,
        proof=(
            f"row {row.id} was claimed at {history.at(claim.time)} with token {claim.token} by"
            f" {claim.value.get('owner')}, and was not due before"
            f" {history.at_database(run_at, claim)}"
        ),
        moments=(claim.time,),
        ops=row.ops,
    )


def _is_misdated(history: History, row: Row) -> bool:
    """Tell whether the row was created due earlier than every call that may have made it asked."""
    created = row.created
    if created is None or row.task is None or created.value.get("run_at") is None:
        return False
    makers = [
        enqueue
        for enqueue in history.tasks[row.task].enqueues
        if enqueue.may_have_made_a_row and enqueue.row in (None, row.id)
    ]
    return bool(makers) and all(_asked_for_later(enqueue, created) for enqueue in makers)


def _asked_for_later(enqueue: Enqueue, created: Op) -> bool:
    asked, run_at = enqueue.invoke.value, float(created.value["run_at"])
    if asked.get("due_at") is not None:
        return run_at < float(asked["due_at"]) - CLOCK_SLACK_NS / 1e9
    delay = float(asked.get("delay_seconds") or 0.0)
    if delay <= 0 or created.database_time is None:
        return False
    due = created.time + (run_at - created.database_time) * 1e9
    return due < enqueue.invoke.time + delay * 1e9 - CLOCK_SLACK_NS


def _misdated(history: History, row: Row) -> Finding:
    created = row.created
    assert created is not None  # noqa: S101
    return Finding(
        task=row.task,
        proof=(
            f"row {row.id} was created at {history.at(created.time)} to be due at"
            f" {history.at_database(float(created.value['run_at']), created)}, and no call that"
            " may have made it asked for so early a time"
        ),
        moments=(created.time,),
        ops=row.ops,
    )


CHECKER = Checker(name="premature", opportunities="claims of delayed rows", find=find)
