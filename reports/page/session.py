"""The content of an index page: all runs below a folder, as a table of scenario by database.

A run that cannot be read is listed as UNKNOWN with the reason: it never goes missing.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING
from urllib.parse import quote

from reports.page.sentences import MEANINGS, state_finding
from reports.page.stored_run import BadRunError, StoredRun, read_run
from reports.page.wording import clip, duration, milliseconds, plural
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A run's folder and the sentence that says what is wrong with it."""

    path: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """All runs below one folder."""

    folder: Path
    runs: tuple[StoredRun, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all; what cannot be read is UNKNOWN."""
        verdicts = [run.results.verdict for run in self.runs]
        return Verdict.worst([*verdicts, *(Verdict.UNKNOWN for _ in self.unreadable)])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run, as the index shows it; ``link`` is None while the run has no page."""

    path: str
    link: str | None
    scenario: str
    database: str
    version: str
    subject: str
    seed: int
    verdict: Verdict
    finding: str
    figures: tuple[tuple[str, str], ...]
    duration: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The runs of one subject: a row per scenario, a column per database."""

    subject: str
    databases: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[RunRow, ...], ...]], ...]


def read_session(folder: Path) -> Session:
    """Read all runs below a folder; raises BadRunError where there is none."""
    if not folder.is_dir():
        raise BadRunError(f"{folder} is not a folder: name the folder that holds the runs.")
    runs, unreadable = [], []
    for path in sorted(path.parent for path in folder.rglob("manifest.json")):
        try:
            runs.append(read_run(path))
        except BadRunError as error:
            unreadable.append(Unreadable(path=_relative(path, folder), reason=str(error)))
    if not runs and not unreadable:
        raise BadRunError(f"There is no run below {folder}: no folder in it has a manifest.json.")
    return Session(folder=folder, runs=tuple(runs), unreadable=tuple(unreadable))


def describe_session(session: Session) -> dict[str, object]:
    """Compute everything that the index page shows."""
    rows = [_row(run, session.folder) for run in session.runs]
    subjects = sorted({row.subject for row in rows})
    return {
        "name": session.folder.resolve().name,
        "verdict": session.verdict,
        "meaning": MEANINGS[session.verdict],
        "summary": _sum_up(session),
        "matrices": [_matrix(subject, rows) for subject in subjects],
        "rows": rows,
        "labels": [label for label, _ in rows[0].figures] if rows else [],
        "unreadable": session.unreadable,
    }


def _row(run: StoredRun, session_folder: Path) -> RunRow:
    manifest, path = run.manifest, _relative(run.folder, session_folder)
    has_page = (run.folder / "report.html").is_file()
    name = manifest.subject.get("name", "unknown subject")
    return RunRow(
        path=path,
        link=quote(f"{path}/report.html") if has_page else None,
        scenario=clip(manifest.scenario),
        database=clip(str(manifest.database.get("name", "unknown database"))),
        version=clip(str(manifest.database.get("version", ""))),
        subject=clip(f"{name} {manifest.subject.get('version', '')}".strip()),
        seed=manifest.seed,
        verdict=run.results.verdict,
        finding=state_finding(run.results),
        figures=_figures(run),
        duration=duration(manifest.duration_seconds),
    )


def _figures(run: StoredRun) -> tuple[tuple[str, str], ...]:
    counts = run.results.counts
    return (
        ("acknowledged", str(counts.acknowledged)),
        ("kills", str(counts.kills_landed)),
        ("in body", str(counts.kills_in_body)),
        ("retried", str(counts.retried)),
        ("lost", str(counts.lost)),
        ("duplicated", str(counts.duplicated)),
        ("dead-lettered", str(counts.dead_lettered)),
        ("recovery p50", milliseconds(counts.recovery_ms_p50)),
        ("recovery max", milliseconds(counts.recovery_ms_max)),
    )


def _matrix(subject: str, rows: Sequence[RunRow]) -> Matrix:
    mine = [row for row in rows if row.subject == subject]
    databases = sorted({row.database for row in mine}, key=str.lower)
    scenarios = sorted({row.scenario for row in mine})
    return Matrix(
        subject=subject,
        databases=tuple(databases),
        rows=tuple((name, _cells(name, databases, mine)) for name in scenarios),
    )


def _cells(
    scenario: str, databases: Sequence[str], rows: Sequence[RunRow]
) -> tuple[tuple[RunRow, ...], ...]:
    mine = [row for row in rows if row.scenario == scenario]
    return tuple(tuple(row for row in mine if row.database == name) for name in databases)


def _sum_up(session: Session) -> str:
    verdicts = [run.results.verdict for run in session.runs]
    parts = [f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict]
    enqueues = sum(run.results.counts.acknowledged for run in session.runs)
    kills = sum(run.results.counts.kills_landed for run in session.runs)
    said = f"{plural(len(verdicts), 'run')}: {', '.join(parts)}"
    if session.unreadable:
        said += f", {len(session.unreadable)} that cannot be read"
    return f"{said}. {plural(enqueues, 'enqueue')} acknowledged, {plural(kills, 'worker')} killed."


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
