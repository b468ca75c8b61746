"""The words that tables, Markdown and JUnit share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.session_schema import (
        Agreement,
        CellSummary,
        CheckSummary,
        ComparisonDocument,
        Side,
    )

HEADINGS: Final = ("tasks", "kills", "again", "lost", "twice", "p50/max ms")
LEGEND: Final = (
    "again: tasks started more than once. twice: effects too many. "
    "p50/max ms: from a kill to the next start of the task that it interrupted."
)


def figures(cell: CellSummary) -> tuple[str, ...]:
    """Return the numbers of a cell, in the order of the headings."""
    counts = cell.counts
    if counts is None:
        return ("-",) * len(HEADINGS)
    recovery = "-"
    if counts.recovery_ms_p50 is not None and counts.recovery_ms_max is not None:
        recovery = f"{counts.recovery_ms_p50:.0f}/{counts.recovery_ms_max:.0f}"
    numbers = (
        counts.acknowledged,
        counts.kills_landed,
        counts.retried,
        counts.lost,
        counts.duplicated,
    )
    return (*map(str, numbers), recovery)


def unsettled(cell: CellSummary) -> Iterator[CheckSummary]:
    """Yield the checks that decided against VALID, the INVALID ones first."""
    wrong = [check for check in cell.checks if check.verdict != "VALID" and check.is_required]
    yield from sorted(wrong, key=lambda check: check.verdict != "INVALID")


def first_reason(check: CheckSummary) -> str:
    """Return the first proof of a check, or why it has none."""
    return check.proofs[0] if check.proofs else check.note


def forbidden(cell: CellSummary) -> dict[str, int]:
    """Return how many of each anomaly that the contract excludes there are."""
    return {check.name: check.count for check in cell.checks if check.count and check.is_forbidden}


def anomalies(cell: CellSummary) -> str:
    """Name the forbidden anomalies of a cell, with how many there are."""
    return ", ".join(f"{name} {count}" for name, count in forbidden(cell).items()) or "-"


def in_order(document: ComparisonDocument) -> list[tuple[Side, CellSummary]]:
    """Return all cells of all sides, those of one scenario and database next to each other."""
    pairs = [(side, cell) for side in document.sides for cell in side.session.cells]
    places = list(dict.fromkeys((cell.scenario, cell.database) for _, cell in pairs))
    return sorted(pairs, key=lambda pair: places.index((pair[1].scenario, pair[1].database)))


def agreement(said: Agreement) -> Iterator[str]:
    """Say how often a plan came out the same, in sentences."""
    where = f"{said.scenario} on {said.database}"
    if said.verdict is None:
        yield f"{where}: the stored run had no verdict to compare with"
    else:
        yield f"{where}: {said.verdict} again in {said.same_verdict} of {said.times}"
    for name, times in said.anomalies.items():
        is_new = "" if name in said.before else ", which was not there before,"
        yield f"{where}: {name}{is_new} in {times} of {said.times}"
