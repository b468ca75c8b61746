"""However a harness ends, it leaves nothing behind: one suite for every database."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from engine.databases import open_database
from engine.databases.tests.traces import Traces, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HARNESS = """
import sys
from pathlib import Path
from engine.databases import open_database

database = open_database(sys.argv[1], Path(sys.argv[2]))
database.start()
database.pause()
print(database.url, flush=True)
sys.stdin.read()
"""


def test_stopped_it_has_left_nothing(name: str, tmp_path: Path) -> None:
    """After stop, which may be called twice, there is no process and nobody listens."""
    with open_database(name, tmp_path) as database:
        traces = Traces.of(psutil.Process(), database.url)
    database.stop()

    assert traces.remaining() == []


def test_stopped_after_a_kill_it_has_left_nothing(name: str, tmp_path: Path) -> None:
    """A run that ends between a kill and the restart ends as cleanly."""
    with open_database(name, tmp_path) as database:
        traces = Traces.of(psutil.Process(), database.url)
        database.kill()

    assert traces.remaining() == []


def test_a_killed_harness_takes_its_server_with_it(name: str, tmp_path: Path) -> None:
    """SIGKILL of the harness ends the server, even a paused one, and removes its folder."""
    with harness(name, tmp_path) as (process, url):
        traces = Traces.of(psutil.Process(process.pid), url)
        process.kill()

    assert traces.remaining_at_last() == []


def test_a_killed_guardian_takes_its_server_with_it(name: str, tmp_path: Path) -> None:
    """The one process that watches over a server may die too, and a stop still cleans up."""
    with open_database(name, tmp_path) as database:
        traces = Traces.of(psutil.Process(), database.url)
        for guardian in psutil.Process().children():
            guardian.kill()

    assert traces.remaining_at_last() == []


@contextlib.contextmanager
def harness(name: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a harness with a database of its own, until the end of the block at most."""
    process = subprocess.Popen(
        [sys.executable, "-c", HARNESS, name, str(folder)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
