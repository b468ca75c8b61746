"""premature: a row was claimed before it was due, by the database's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import DATABASE_TICK_SECONDS, Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        ],
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


CHECKER = Checker(name="premature", opportunities="claims of delayed rows", find=find)
