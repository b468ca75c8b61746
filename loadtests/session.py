"""A session: one or more runs, one after the other, each in a folder of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from engine.contenders.contender import ContenderError
from engine.databases import ServerFailed, Unavailable
from engine.provenance import REPOSITORY
from engine.subjects import SubjectUnavailableError
from loadtests.book import Book, BookError
from loadtests.environment import environment
from loadtests.events import EventError
from loadtests.experiments import experiment_of
from loadtests.generation import GeneratorError
from loadtests.knobs import KnobError
from loadtests.laboratory import Laboratory
from reports.load_schema import LoadManifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from loadtests.announcing import Announcer
    from loadtests.experiments import Experiment
    from loadtests.profile import Profile
    from reports.load_schema import Status

RUN_ERRORS: Final = (
    GeneratorError,
    ContenderError,
    KnobError,
    ServerFailed,
    EventError,
    BookError,
)
"""What ends a run in the middle: what was measured by then is kept."""

MISSING: Final = (Unavailable, SubjectUnavailableError)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run to carry out.

    Attributes:
        database: what it runs on; "" for a comparison, which names its own.
        resumed: the folder of an interrupted run to take up, or None.
        command: what to type to run it again.
    """

    profile: Profile
    database: str
    seed: int
    command: str
    folder: Path
    is_resumed: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where databases come from; ``url`` is one that somebody else runs."""

    provider: str | None
    url: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended.

    Attributes:
        book: what is stored; None if nothing was measured.
        reason: why it is not complete, in one sentence.
        is_missing: whether its database or contender cannot be had here.
    """

    job: Job
    book: Book | None
    reason: str = ""
    is_missing: bool = False


def run_session(jobs: Sequence[Job], place: Place, announcer: Announcer) -> Iterator[Ended]:
    """Carry the jobs out; what cannot be had, or fails, does not keep the others from running."""
    for job in jobs:
        yield _run(job, place, announcer)


def _run(job: Job, place: Place, announcer: Announcer) -> Ended:
    with contextlib.ExitStack() as stack:
        try:
            laboratory = stack.enter_context(Laboratory(provider=place.provider, url=place.url))
            announcer.expect(job.profile.estimated_seconds())
            experiment = experiment_of(job.profile, laboratory, job.database, announcer)
        except MISSING as error:
            return Ended(job=job, book=None, reason=str(error), is_missing=True)
        except RUN_ERRORS as error:
            return Ended(job=job, book=None, reason=str(error))
        book = Book.resumed(job.folder) if job.is_resumed else Book.new(job.folder, _manifest(job))
        reason = _carry_out(experiment, book, laboratory)
        return Ended(job=job, book=book, reason=reason)


def _carry_out(experiment: Experiment, book: Book, laboratory: Laboratory) -> str:
    """Run an experiment and store how it ended; return why it is not complete, or ""."""
    status: Status = "failed"
    reason = "the harness failed"
    try:
        experiment.run(book)
        status, reason = "complete", ""
    except (*RUN_ERRORS, *MISSING) as error:
        reason = str(error)
    except KeyboardInterrupt:
        status, reason = "interrupted", "stopped by the user"
        raise
    except Exception:  # each driver has its own, and a dead server is no mistake of ours
        died = laboratory.what_died()
        if not died:
            raise
        reason = died
    finally:
        _conclude(experiment, book, status, reason)
    return reason


def _conclude(experiment: Experiment, book: Book, status: Status, reason: str) -> None:
    try:
        experiment.conclude(book)
    except BaseException:
        status, reason = "failed", "what was measured could not be analysed"
        raise
    finally:
        book.end(status, reason)
        _write_page(book.folder)


def _manifest(job: Job) -> LoadManifest:
    return LoadManifest(
        profile=job.profile.name,
        summary=job.profile.summary,
        profile_document=job.profile.document(),
        profile_digest=job.profile.digest,
        seed=job.seed,
        command=job.command,
        started_at=datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        duration_seconds=0.0,
        status="interrupted",
        contenders=(),
        databases=(),
        environment=environment(job.folder.parent),
    )


def _write_page(folder: Path) -> None:
    """Have ``reports`` make the page of a run; it knows only the files."""
    subprocess.run(
        [sys.executable, "-m", "reports.throughput", "--alone", str(folder)],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # a second Ctrl-C is ours, and ends it without a traceback
        check=False,
    )
