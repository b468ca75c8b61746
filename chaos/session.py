"""A session: every plan on every database, one run after the other, each stored."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, Final

from chaos.cluster import ClusterError
from chaos.run import Run, contract_of
from chaos.scenarios import why_not
from engine.databases import ServerFailed, Unavailable, open_database
from engine.databases.leftovers import temporary_folder
from engine.provenance import REPOSITORY, commit
from reports.schema import Manifest, Results, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from chaos.plan import Plan
    from engine.databases import Database
    from engine.subjects import Subject

FOLDER_PREFIX: Final = "killproof-chaos-"


class RunFailed(Exception):  # noqa: N818 - named after what it says
    """A run could not be carried out: a sentence with the reason, and where its traceback is."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A plan to carry out.

    Attributes:
        summary: one sentence for people.
        command: what to type to run the plan again, without the database.
        repetition: which of several runs of the same plan it is, from 1.
    """

    plan: Plan
    summary: str
    command: str
    repetition: int = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a session was asked for.

    Attributes:
        databases: names; one that was ``named`` by the user must not be missing.
        url: the database to use instead of starting one.
        folder: where the runs are stored.
        project: whose tasks are run, for the manifest; empty if ours.
    """

    jobs: Sequence[Job]
    databases: Sequence[str]
    named: bool
    subject: Subject
    provider: str | None
    url: str | None
    folder: Path
    project: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run of a session, or the reason why there is none.

    Attributes:
        results: None if the database could not be had, or has not what the scenario needs, or the
            run could not be carried out.
        reason: why not, in one sentence.
        is_applicable: false if the scenario has nothing to do there, such as cutting the network
            of a file: then nothing is missing.
        has_failed: whether the harness could not carry the run out.
        folder: the stored run.
    """

    job: Job
    subject: str
    database: str
    results: Results | None = None
    reason: str = ""
    is_applicable: bool = True
    has_failed: bool = False
    folder: Path | None = None
    duration_seconds: float = 0.0


def run_session(request: Request, on_phase: Callable[[str, str, str], None]) -> Iterator[Cell]:
    """Yield a cell for each plan on each database, as soon as it is known.

    ``on_phase`` is told the scenario, the database and what happens now. A run that cannot be
    carried out does not take the others with it. However this ends, no server, worker or temporary
    folder is left.
    """
    for name in request.databases:
        done = 0
        try:
            on_phase("", name, "starting the database")
            with started(name, request) as database:
                for job in request.jobs:
                    yield _run(job, database, request, on_phase)
                    done += 1
        except (Unavailable, ServerFailed) as error:
            has_failed = isinstance(error, ServerFailed)
            for job in request.jobs[done:]:
                yield _missing(job, name, request, str(error), has_failed=has_failed)


@contextlib.contextmanager
def started(name: str, request: Request) -> Iterator[Database]:
    """Give a started database; it is gone when this ends.

    Raises:
        Unavailable: it cannot be had here.
        ServerFailed: it did not start.
    """
    with temporary_folder(FOLDER_PREFIX) as folder:
        opened = open_database(name, folder, provider=request.provider, url=request.url)
        with opened as database:
            database.check_answer()
            yield database


def _run(
    job: Job, database: Database, request: Request, on_phase: Callable[[str, str, str], None]
) -> Cell:
    scenario = job.plan.scenario
    if reason := why_not(job.plan, database, request.subject):
        missing = _missing(job, database.name, request, reason)
        return dataclasses.replace(missing, is_applicable=False)
    which = f"-{job.repetition}" if job.repetition > 1 else ""
    folder = request.folder / f"{scenario}-{database.name}{which}"
    begun = time.monotonic()
    try:
        results = carry_out_job(
            job,
            database,
            request,
            folder,
            on_phase=lambda phase: on_phase(scenario, database.name, phase),
        )
    except RunFailed as failure:
        return _missing(job, database.name, request, str(failure), has_failed=True)
    return Cell(
        job=job,
        subject=request.subject.name,
        database=database.name,
        results=results,
        folder=folder,
        duration_seconds=round(time.monotonic() - begun, 3),
    )


def carry_out_job(
    job: Job,
    database: Database,
    request: Request,
    folder: Path,
    *,
    on_phase: Callable[[str], None],
) -> Results:
    """Carry a plan out, store the run in a folder that is not there yet, return the verdict.

    Raises:
        Unavailable, ServerFailed: the database is gone, for other runs too.
        RunFailed: something else went wrong, and what there is of the run is kept.
    """
    begun, started_at = time.monotonic(), datetime.datetime.now(tz=datetime.UTC)
    run = Run(
        plan=job.plan,
        subject=request.subject,
        database=database,
        folder=folder,
        on_phase=on_phase,
    )
    try:
        results = run.execute()
    except (Unavailable, ServerFailed):
        raise
    except Exception as error:
        raise RunFailed(_write_failure(folder, error)) from error
    manifest = dataclasses.replace(
        _manifest(job, database, request),
        started_at=started_at.isoformat(timespec="seconds"),
        duration_seconds=round(time.monotonic() - begun, 3),
    )
    write_json(folder / "manifest.json", manifest)
    return results


def _write_failure(folder: Path, error: Exception) -> str:
    """Keep the traceback of a run that could not be carried out, and say it in a sentence."""
    path = folder / "logs" / "harness.log"
    path.write_text("".join(traceback.format_exception(error)))
    kind = "" if isinstance(error, ClusterError) else f"{type(error).__name__}: "
    return f"the run could not be carried out: {kind}{error} (see {path})"


def _missing(
    job: Job, database: str, request: Request, reason: str, *, has_failed: bool = False
) -> Cell:
    return Cell(
        job=job,
        subject=request.subject.name,
        database=database,
        reason=reason,
        has_failed=has_failed,
    )


def _manifest(job: Job, database: Database, request: Request) -> Manifest:
    subject = request.subject
    project = {"project": dict(request.project)} if request.project else {}
    return Manifest(
        scenario=job.plan.scenario,
        summary=job.summary,
        seed=job.plan.seed,
        command=f"{job.command} --database {database.name}",
        started_at="",
        duration_seconds=0.0,
        database={
            "name": database.name,
            "provider": database.provider,
            "version": database.version(),
            "durability": database.durability(),
        },
        subject={
            "name": subject.name,
            "version": subject.version(),
            "contract": dataclasses.asdict(contract_of(subject, job.plan)),
            **project,
        },
        environment=_environment(),
    )


def _environment() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "django": importlib.metadata.version("django"),
        "killproof": importlib.metadata.version("killproof"),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "commit": commit(),
    }


def write_pages(folder: Path | None, runs: Sequence[Path]) -> str:
    """Have ``reports`` make a page of each run and an index over them; it knows only the files.

    Return what it complained of; a verdict does not depend on its page.
    """
    if not runs:
        return ""
    index = [] if folder is None else ["--index", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "reports", *map(str, runs), *index],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode and done.stderr else ""
