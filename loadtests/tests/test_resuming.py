"""A run that ends early keeps what it measured, leaves nothing behind, and can be gone on with."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from engine.command_line import INTERRUPTED
from engine.databases.tests.traces import alive_at_last
from engine.provenance import REPOSITORY
from engine.tests.waiting import wait_until
from loadtests.book import Book
from loadtests.generation import GeneratorError
from loadtests.laboratory import FOLDER_PREFIX, Laboratory
from loadtests.session import _carry_out
from loadtests.summary import UNKNOWN
from loadtests.tests.test_analysis_steps import knee, step
from loadtests.tests.test_book import manifest
from reports.load_schema import STEPS, read_findings, read_load_manifest, read_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILE = """\
kind = "knee"
databases = ["{database}"]
sleep_seconds = 0.1
warmup_seconds = 0.5
window_seconds = 1
hold_seconds = 0
budget_seconds = 600

[rules]                      # a machine that is busy must not decide
goodput_share = 0.01
backlog_share = 1.0
end_to_end_p99_ms = 60000
intended_p99_ms = 60000

[search]
start_rate = 5
max_rate = 20
factor = 2
repeats = 1
max_trials = 4
"""
RATES = (5.0, 10.0, 20.0)


class Harness:
    """``python -m loadtests`` in a session of its own, and all that descends from it."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "loadtests", *arguments],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""
        self._seen: set[psutil.Process] = set()

    def await_steps(self, count: int) -> None:
        """Read until so many steps were announced; fail if it ends before."""
        assert self.process.stdout is not None
        while len(re.findall("/s offered", self.said)) < count:
            line = self.process.stdout.readline()
            assert line, f"it ended early: {self.said}"
            self.said += line
        self.look()

    def look(self) -> list[psutil.Process]:
        """Return all that descends from it now, and remember these for the end."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self._seen |= set(family)
        return family

    def end(self) -> int:
        """Read to its end, and return its exit code."""
        said, _ = self.process.communicate(timeout=180)
        self.said += said
        return self.process.returncode

    def left(self) -> list[object]:
        """Return what is left of it: processes and folders."""
        folders = Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}{self.process.pid}-*")
        return [*alive_at_last(self._seen), *folders]


@pytest.fixture
def harness() -> Iterator[Any]:
    """Start harnesses; none of them outlives the test."""
    started: list[Harness] = []

    def start(*arguments: str) -> Harness:
        started.append(Harness(*arguments))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
            each.process.communicate(timeout=60)


def profile(folder: Path, database: str) -> Path:
    """Write a profile whose steps take a moment."""
    path = folder / "tiny.toml"
    path.write_text(PROFILE.format(database=database))
    return path


def run_in(folder: Path) -> Path:
    """Return the one run that is stored in a folder."""
    (run,) = folder.iterdir()
    return run


@pytest.mark.processes
def test_a_run_that_was_interrupted_goes_on_where_it_stopped(harness: Any, tmp_path: Path) -> None:
    """Ctrl-C keeps the steps, marks them, and leaves nothing; no step is measured twice."""
    first = harness(str(profile(tmp_path, "sqlite")), "--out", str(tmp_path / "runs"))
    first.await_steps(2)
    first.process.send_signal(signal.SIGINT)

    assert first.end() == INTERRUPTED, first.said
    assert first.left() == []
    run = run_in(tmp_path / "runs")
    kept = (run / STEPS).read_bytes()
    steps = list(read_steps(run))
    assert [each.id for each in steps] == ["ramp-1", "ramp-2"]
    assert read_load_manifest(run).status == "interrupted"
    assert read_load_manifest(run).reason == "stopped by the user"
    assert "partial" in (run / "load.html").read_text().lower()
    assert f"--resume {run}" in first.said
    assert "Traceback" not in first.said

    second = harness("--resume", str(run))

    assert second.end() == 0, second.said
    assert second.left() == []
    assert (run / STEPS).read_bytes().startswith(kept)
    assert len(re.findall("/s offered", second.said)) == len(list(read_steps(run))) - 2
    assert read_load_manifest(run).status == "complete"
    assert read_load_manifest(run).reason == ""
    (found,) = read_findings(run).knees
    assert (found.status, found.low, found.high) == ("not_reached", RATES[-1], None)


@pytest.mark.processes
def test_a_database_that_dies_during_the_ramp_ends_the_run(harness: Any, tmp_path: Path) -> None:
    """What was measured before is kept; the step in which it died is none."""
    run = harness(str(profile(tmp_path, "postgresql")), "--out", str(tmp_path / "runs"))
    run.await_steps(1)
    for server in [each for each in run.look() if each.name() == "postgres"]:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.kill()

    assert run.end() == UNKNOWN, run.said
    assert run.left() == []
    assert "Traceback" not in run.said
    assert "tiny on postgresql: " in run.said
    stored = run_in(tmp_path / "runs")
    assert [each.id for each in read_steps(stored)] == ["ramp-1"]
    found = read_load_manifest(stored)
    assert found.status == "failed"
    assert "postgresql" in found.reason
    assert read_findings(stored).knees == ()
    assert "partial" in (stored / "load.html").read_text().lower()


@pytest.mark.processes
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_while_it_starts_leaves_nothing(
    harness: Any, tmp_path: Path, ending: signal.Signals
) -> None:
    """The server may be starting, or tables may be in the making."""
    run = harness(str(profile(tmp_path, "postgresql")), "--out", str(tmp_path / "runs"))
    wait_until(lambda: run.look() or run.process.poll() is not None)
    run.process.send_signal(ending)

    assert run.end() == INTERRUPTED, run.said
    assert run.left() == []
    assert "Traceback" not in run.said
    assert "nothing of this run had been measured yet" in run.said


@dataclasses.dataclass(slots=True, kw_only=True)
class Scripted:
    """An experiment that measures a step and then does as it is told."""

    error: BaseException | None = None
    conclusion_error: Exception | None = None

    def run(self, book: Book) -> None:
        """Measure, and fail if told to."""
        book.step("ramp-1", lambda _: step())
        if self.error is not None:
            raise self.error

    def conclude(self, book: Book) -> None:
        """Find the knee."""
        if self.conclusion_error is not None:
            raise self.conclusion_error
        book.find(knees=(knee(),))


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    """Begin a run whose page is not made."""
    monkeypatch.setattr("loadtests.session._write_page", lambda _: None)
    return Book.new(tmp_path / "run", manifest())


@pytest.fixture
def laboratory() -> Iterator[Laboratory]:
    """Give a laboratory in which nothing was started."""
    with Laboratory(provider=None, url=None) as laboratory:
        yield laboratory


def ending(book: Book) -> tuple[str, str]:
    """Return how a stored run ended."""
    found = read_load_manifest(book.folder)
    return found.status, found.reason


def test_a_run_that_measured_all_is_complete(book: Book, laboratory: Laboratory) -> None:
    """With its findings."""
    assert _carry_out(Scripted(), book, laboratory) == ""
    assert ending(book) == ("complete", "")
    assert read_findings(book.folder).knees == (knee(),)


def test_a_run_error_is_a_reason_and_no_traceback(book: Book, laboratory: Laboratory) -> None:
    """What was measured by then is analysed."""
    said = _carry_out(Scripted(error=GeneratorError("it said nothing")), book, laboratory)

    assert said == "it said nothing"
    assert ending(book) == ("failed", "it said nothing")
    assert read_findings(book.folder).knees == (knee(),)
    assert Book.resumed(book.folder).holds("ramp-1")


def test_an_error_of_the_harness_is_told_as_such(book: Book, laboratory: Laboratory) -> None:
    """It is not taken for the end of a server."""
    with pytest.raises(ZeroDivisionError):
        _carry_out(Scripted(error=ZeroDivisionError()), book, laboratory)

    assert ending(book) == ("failed", "the harness failed")
    assert len(list(read_steps(book.folder))) == 1


def test_any_error_beside_a_dead_database_is_the_databases(
    book: Book, laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each driver has errors of its own."""
    monkeypatch.setattr(Laboratory, "what_died", lambda _: "mysql died: no answer")

    said = _carry_out(Scripted(error=ZeroDivisionError()), book, laboratory)

    assert said == "mysql died: no answer"
    assert ending(book) == ("failed", said)


def test_a_run_that_cannot_be_analysed_is_not_complete(book: Book, laboratory: Laboratory) -> None:
    """Its steps are kept: better checks may read them later."""
    with pytest.raises(ZeroDivisionError):
        _carry_out(Scripted(conclusion_error=ZeroDivisionError()), book, laboratory)

    assert ending(book) == ("failed", "what was measured could not be analysed")
    assert len(list(read_steps(book.folder))) == 1


def test_ctrl_c_is_stored_and_passed_on(book: Book, laboratory: Laboratory) -> None:
    """Whoever started the session stops, too."""
    with pytest.raises(KeyboardInterrupt):
        _carry_out(Scripted(error=KeyboardInterrupt()), book, laboratory)

    assert ending(book) == ("interrupted", "stopped by the user")
    assert len(list(read_steps(book.folder))) == 1
