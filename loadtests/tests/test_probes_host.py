"""The CPU time of real processes, by role."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loadtests.probes import HostProbe
from loadtests.probes.host import is_alive

pytestmark = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="there is no /proc here")

# It has a child burn a known CPU time and end, burns some itself, and waits to be let go.
FAMILY = """
import subprocess, sys, time

def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass

if sys.argv[1] == "child":
    burn(0.5)
else:
    subprocess.run([sys.executable, "-S", "-c", sys.argv[2], "child"], check=True)
    burn(0.3)
    print("burnt", flush=True)
    sys.stdin.readline()
"""


def test_a_child_that_ended_is_charged_to_its_tree() -> None:
    """0.5 s of a child that is gone and 0.3 s of its parent are the worker's, and nobody else's."""
    pids: list[int] = []
    probe = HostProbe(lambda: {"worker": tuple(pids), "harness": (os.getpid(),)})
    begin = time.monotonic_ns()
    probe.start()
    with subprocess.Popen(
        [sys.executable, "-S", "-c", FAMILY, "parent", FAMILY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        pids.append(parent.pid)
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"burnt\n"
        end = time.monotonic_ns()
        probe.stop()

    spent = probe.cpu_seconds(begin, time.monotonic_ns())

    # Starting two interpreters takes some time too.
    assert 0.75 <= spent["worker"] <= 1.8
    assert spent["harness"] < 0.5
    assert probe.cpu_seconds(end + 10**9, end + 2 * 10**9)["worker"] == 0.0


def test_the_machines_shares_are_shares() -> None:
    """Idle and stolen time are parts of all time."""
    probe = HostProbe(dict)
    begin = time.monotonic_ns()
    probe.start()
    until = time.thread_time() + 0.05
    while time.thread_time() < until:
        pass
    probe.stop()

    shares = probe.shares(begin, time.monotonic_ns())

    assert shares.keys() == {"idle", "steal"}
    assert all(0.0 <= share <= 1.0 for share in shares.values())


def test_a_process_that_ended_is_not_alive() -> None:
    """Whether anybody has waited for it or not."""
    with subprocess.Popen([sys.executable, "-S", "-c", ""], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b""
        deadline = time.monotonic() + 30
        while is_alive(process.pid) and time.monotonic() < deadline:
            pass
        unburied = is_alive(process.pid)

    assert not unburied
    assert not is_alive(process.pid)
    assert is_alive(os.getpid())
