"""The content of an index page: all runs below a folder, as a table of scenario by database.

A run that cannot be read is listed as UNKNOWN with the reason: it never goes missing.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING
from urllib.parse import quote

from reports.page.absences import Absence, read_absences
from reports.page.sentences import MEANINGS, name_broken, state_finding
from reports.page.stored_run import BadRunError, StoredRun, read_run
from reports.page.wording import clip, duration, milliseconds, plural
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WORST_FIRST = (Verdict.INVALID, Verdict.UNKNOWN, Verdict.VALID)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A run's folder and the sentence that says what is wrong with it."""

    path: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """All runs below one folder, and the cells of which there is none."""

    folder: Path
    runs: tuple[StoredRun, ...]
    unreadable: tuple[Unreadable, ...]
    absences: tuple[Absence, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all; what cannot be read or carried out is UNKNOWN."""
        verdicts = [run.results.verdict for run in self.runs]
        missing = [absence for absence in self.absences if absence.is_missing]
        return Verdict.worst([*verdicts, *(Verdict.UNKNOWN for _ in (*self.unreadable, *missing))])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run, as the index shows it; ``link`` is None while the run has no page.

    Attributes:
        said: what a cell of the matrix says below the verdict.
    """

    path: str
    link: str | None
    scenario: str
    database: str
    version: str
    subject: str
    seed: int
    verdict: Verdict
    finding: str
    said: str
    figures: tuple[tuple[str, str], ...]
    duration: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCell:
    """The runs of one scenario on one database, or why there is none."""

    runs: tuple[RunRow, ...]
    status: str
    reason: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The runs of one subject: a row per scenario, a column per database, the worst first.

    Attributes:
        reasons: why cells are absent; a cell has the number of its reason, from 1.
        totals: the verdicts of all its runs, with how many there are of each.
    """

    subject: str
    databases: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MatrixCell, ...]], ...]
    reasons: tuple[str, ...]
    totals: tuple[tuple[Verdict, int], ...]


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
    return Session(
        folder=folder,
        runs=tuple(runs),
        unreadable=tuple(unreadable),
        absences=read_absences(folder),
    )


def describe_session(session: Session) -> dict[str, object]:
    """Compute everything that the index page shows."""
    rows = [_row(run, session.folder) for run in session.runs]
    subjects = sorted({row.subject for row in rows})
    return {
        "name": session.folder.resolve().name,
        "verdict": session.verdict,
        "meaning": MEANINGS[session.verdict],
        "summary": _sum_up(session),
        "matrices": [_matrix(subject, rows, session.absences) for subject in subjects],
        "rows": sorted(rows, key=lambda row: _WORST_FIRST.index(row.verdict)),
        "labels": [label for label, _ in rows[0].figures] if rows else [],
        "unreadable": session.unreadable,
    }


def _row(run: StoredRun, session_folder: Path) -> RunRow:
    manifest, path = run.manifest, _relative(run.folder, session_folder)
    has_page = (run.folder / "report.html").is_file()
    return RunRow(
        path=path,
        link=quote(f"{path}/report.html") if has_page else None,
        scenario=clip(manifest.scenario),
        database=clip(str(manifest.database.get("name", "unknown database"))),
        version=clip(str(manifest.database.get("version", ""))),
        subject=_subject(run),
        seed=manifest.seed,
        verdict=run.results.verdict,
        finding=state_finding(run.results),
        said=_say(run),
        figures=_figures(run),
        duration=duration(manifest.duration_seconds),
    )


def _subject(run: StoredRun) -> str:
    subject = run.manifest.subject
    return clip(f"{subject.get('name', 'unknown subject')} {subject.get('version', '')}".strip())


def _say(run: StoredRun) -> str:
    """What is wrong in the fewest words; of a VALID run, how fast it recovered."""
    counts = run.results.counts
    match run.results.verdict:
        case Verdict.INVALID:
            return clip(name_broken(run.results))
        case Verdict.UNKNOWN:
            return clip(state_finding(run.results))
        case Verdict.VALID if counts.recovery_ms_max is not None:
            return f"recovery at most {milliseconds(counts.recovery_ms_max)}"
    return ""


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


def _matrix(subject: str, rows: Sequence[RunRow], absences: Sequence[Absence]) -> Matrix:
    mine = [row for row in rows if row.subject == subject]
    # A cell that was never run knows its subject's name and not its version.
    away = [absence for absence in absences if absence.subject == subject.partition(" ")[0]]
    places = {(row.scenario, row.database) for row in mine}
    places |= {(absence.scenario, absence.database) for absence in away}
    databases = sorted({database for _, database in places}, key=str.lower)
    reasons = tuple(dict.fromkeys(absence.reason for absence in away if absence.reason))
    scenarios = {scenario for scenario, _ in places}
    verdicts = [row.verdict for row in mine]
    return Matrix(
        subject=subject,
        databases=tuple(databases),
        rows=tuple(
            (name, tuple(_cell(name, database, mine, away, reasons) for database in databases))
            for name in sorted(scenarios, key=lambda name: _rank(name, mine))
        ),
        reasons=reasons,
        totals=tuple((verdict, verdicts.count(verdict)) for verdict in _WORST_FIRST),
    )


def _rank(scenario: str, rows: Sequence[RunRow]) -> tuple[int, int, str]:
    """The place of a scenario: by its worst run, then by how many are so bad, then by name."""
    ranks = [_WORST_FIRST.index(row.verdict) for row in rows if row.scenario == scenario]
    worst = min(ranks, default=len(_WORST_FIRST))
    return (worst, -ranks.count(worst), scenario)


def _cell(
    scenario: str,
    database: str,
    rows: Sequence[RunRow],
    absences: Sequence[Absence],
    reasons: Sequence[str],
) -> MatrixCell:
    runs = tuple(row for row in rows if (row.scenario, row.database) == (scenario, database))
    away = [a for a in absences if (a.scenario, a.database) == (scenario, database)]
    if runs or not away:
        return MatrixCell(runs=runs, status="not run", reason=None)
    first = away[0]
    number = reasons.index(first.reason) + 1 if first.reason else None
    return MatrixCell(runs=(), status=first.status, reason=number)


def _sum_up(session: Session) -> str:
    verdicts = [run.results.verdict for run in session.runs]
    parts = [f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict]
    enqueues = sum(run.results.counts.acknowledged for run in session.runs)
    kills = sum(run.results.counts.kills_landed for run in session.runs)
    said = f"{plural(len(verdicts), 'run')}: {', '.join(parts)}"
    for status in dict.fromkeys(absence.status for absence in session.absences):
        said += f", {sum(a.status == status for a in session.absences)} {status}"
    if session.unreadable:
        said += f", {len(session.unreadable)} that cannot be read"
    return f"{said}. {plural(enqueues, 'enqueue')} acknowledged, {plural(kills, 'worker')} killed."


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
