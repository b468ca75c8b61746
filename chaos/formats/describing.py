"""Makes the document that all formats are written from, of cells and of stored runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.command_line import HARNESS_ERROR
from reports.schema import Verdict
from reports.session_schema import CellSummary, CheckSummary, SessionDocument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.session import Cell
    from chaos.stored import StoredRun
    from reports.schema import CheckResult, Results
    from reports.session_schema import Agreement, Status


def describe_session(
    cells: Sequence[CellSummary],
    *,
    seed: int | None = None,
    named: bool = True,
    agreements: Sequence[Agreement] = (),
) -> SessionDocument:
    """Sum cells up; ``named`` tells whether their databases were asked for by name."""
    verdict = verdict_of(cells, named=named)
    has_failed = any(cell.status == "failed" for cell in cells)
    return SessionDocument(
        verdict=verdict.value,
        exit_code=HARNESS_ERROR if has_failed else verdict.exit_code,
        seed=seed,
        cells=tuple(cells),
        agreements=tuple(agreements),
    )


def verdict_of(cells: Sequence[CellSummary], *, named: bool) -> Verdict:
    """Return the worst verdict; a database that was asked for and not tested is UNKNOWN."""
    tested = [Verdict(cell.verdict) for cell in cells if cell.verdict is not None]
    missing = [
        Verdict.UNKNOWN
        for cell in cells
        if cell.status == "failed" or (cell.status == "not tested" and named)
    ]
    return Verdict.worst([*tested, *missing])


def describe_cell(cell: Cell) -> CellSummary:
    """Sum one cell of a session up."""
    plan = cell.job.plan
    return CellSummary(
        subject=cell.subject,
        scenario=plan.scenario,
        database=cell.database,
        seed=plan.seed,
        status=_status(cell),
        verdict=cell.results.verdict.value if cell.results else None,
        reason=cell.reason,
        duration_seconds=cell.duration_seconds,
        counts=cell.results.counts if cell.results else None,
        anomalies=_anomalies(cell.results),
        checks=_checks(cell.results),
        folder=str(cell.folder) if cell.folder else None,
        command=f"{cell.job.command} --database {cell.database}",
        repetition=cell.job.repetition,
    )


def describe_stored(
    run: StoredRun, results: Results | None, *, reason: str = "", changes: Sequence[str] = ()
) -> CellSummary:
    """Sum a stored run up by these results; without any it is UNKNOWN for that reason."""
    verdict = results.verdict if results else Verdict.UNKNOWN
    return CellSummary(
        subject=run.subject,
        scenario=run.manifest.scenario,
        database=run.database,
        seed=run.manifest.seed,
        status="tested",
        verdict=verdict.value,
        reason=reason,
        duration_seconds=float(run.manifest.duration_seconds),
        counts=results.counts if results else None,
        anomalies=_anomalies(results),
        checks=_checks(results),
        folder=str(run.folder),
        command=run.manifest.command,
        changes=tuple(changes),
    )


def _status(cell: Cell) -> Status:
    if cell.results is not None:
        return "tested"
    if cell.has_failed:
        return "failed"
    return "not tested" if cell.is_applicable else "not applicable"


def _anomalies(results: Results | None) -> dict[str, int]:
    checks = results.checks if results else ()
    return {check.name: check.count for check in checks if check.count}


def _checks(results: Results | None) -> tuple[CheckSummary, ...]:
    return tuple(map(_check, results.checks if results else ()))


def _check(check: CheckResult) -> CheckSummary:
    return CheckSummary(
        name=check.name,
        verdict=check.verdict.value,
        is_forbidden=check.is_forbidden,
        is_required=check.is_required,
        exercised=check.exercised,
        count=check.count,
        note=check.note,
        proofs=tuple(anomaly.proof for anomaly in check.anomalies),
    )
