"""The guardian and the processes below it, with small programs in the part of the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from engine.databases import ServerFailed
from engine.databases.processes import ServerProcesses, Surroundings
from engine.databases.tests.traces import alive, alive_at_last, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEADLINE_SECONDS = 60.0

# A parent and a child that moved to a group of its own, as PostgreSQL's do. Both ignore the stop
# signal, and each writes one byte when it is up.
FAMILY = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not os.fork():
    os.setsid()
with open("ready", "ab", buffering=0) as ready:
    ready.write(b".")
    time.sleep(600)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[ServerProcesses]:
    """Give a guardian without a program."""
    held = ServerProcesses(
        Surroundings(
            name="trial",
            account=None,
            folder=tmp_path,
            log=tmp_path / "trial.log",
            grace_seconds=0.1,
        )
    )
    yield held
    held.end()


def start(processes: ServerProcesses, program: str) -> None:
    """Start a Python program under a guardian."""
    processes.start([sys.executable, "-c", program], stop_signal=signal.SIGTERM)


def start_family(processes: ServerProcesses, folder: Path) -> list[psutil.Process]:
    """Start a parent and a child, and wait until both are up."""
    os.mkfifo(folder / "ready")
    start(processes, FAMILY)
    with (folder / "ready").open("rb", buffering=0) as ready:
        assert len(ready.read(1)) + len(ready.read(1)) == 2
    return processes.all()


def test_a_kill_reaches_descendants_in_other_groups(
    processes: ServerProcesses, tmp_path: Path
) -> None:
    """The ids of all are returned, and none of them lives."""
    family = start_family(processes, tmp_path)

    killed = processes.kill()

    assert sorted(killed) == sorted(member.pid for member in family)
    assert alive(family) == []


def test_an_orphan_is_not_lost(processes: ServerProcesses, tmp_path: Path) -> None:
    """A child whose parent died is still a process of the server."""
    parent, child = start_family(processes, tmp_path)

    parent.kill()
    parent.wait(DEADLINE_SECONDS)

    assert not processes.has_ended()
    assert processes.kill() == (child.pid,)


def test_a_program_that_ignores_the_stop_signal_is_killed(
    processes: ServerProcesses, tmp_path: Path
) -> None:
    """An end is an end: asked first, killed when the grace is over."""
    family = start_family(processes, tmp_path)
    processes.pause()

    processes.end()

    assert alive(family) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of the death")
def test_a_server_dies_with_its_guardian(processes: ServerProcesses) -> None:
    """Even the guardian may be killed: nothing outlives it."""
    start(processes, "import time; time.sleep(600)")
    (server,) = processes.all()
    guardian = server.parent()
    assert guardian is not None

    guardian.kill()

    assert alive_at_last([server]) == []


def test_no_process_shares_the_terminals_group(processes: ServerProcesses, tmp_path: Path) -> None:
    """Ctrl-C reaches the harness only, which can then read its server's last state."""
    family = start_family(processes, tmp_path)

    assert os.getpgid(0) not in {os.getpgid(member.pid) for member in family}


def test_paused_processes_are_stopped_and_resumed_ones_are_not(
    processes: ServerProcesses, tmp_path: Path
) -> None:
    """The system itself says so, of every one of them."""
    family = start_family(processes, tmp_path)

    processes.pause()
    during = [member.status() for member in family]
    processes.resume()
    afterwards = [member.status() for member in family]

    assert during == [psutil.STATUS_STOPPED] * 2
    assert psutil.STATUS_STOPPED not in afterwards


def test_a_program_that_cannot_be_started_is_named(processes: ServerProcesses) -> None:
    """The message says which and why."""
    with pytest.raises(ServerFailed, match=r"/no/such/program could not be started: .*No such"):
        processes.start(["/no/such/program"], stop_signal=signal.SIGTERM)


def test_a_failure_quotes_the_end_of_the_log(processes: ServerProcesses) -> None:
    """What the program said last is what its reader needs first."""
    with pytest.raises(ServerFailed, match=r"ended with status 1(.|\n)*no space left on the moon"):
        processes.run([sys.executable, "-c", "raise SystemExit('no space left on the moon')"])


HARNESS = """
import signal, sys
from pathlib import Path
from engine.databases.processes import ServerProcesses, Surroundings

folder = Path(sys.argv[1])
removed = folder / "removed"
removed.mkdir()
held = ServerProcesses(Surroundings(name="trial", account=None, folder=folder,
                                    log=folder / "trial.log", removed=removed, grace_seconds=0.1))
held.start([sys.executable, "-c", sys.argv[2]], stop_signal=signal.SIGTERM)
with (folder / "ready").open("rb", buffering=0) as ready:
    ready.read(1), ready.read(1)
if sys.argv[3] != "run":
    getattr(held, sys.argv[3])()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("state", ["run", "pause", "kill"])
def test_a_killed_harness_leaves_nothing(state: str, tmp_path: Path) -> None:
    """SIGKILL of the harness ends running and paused programs, and removes their folder."""
    os.mkfifo(tmp_path / "ready")
    command = [sys.executable, "-c", HARNESS, str(tmp_path), FAMILY, state]
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"ready\n"
        left = psutil.Process(harness.pid).children(recursive=True)

        harness.kill()

    assert alive_at_last(left) == []
    assert not (tmp_path / "removed").exists()
