"""However a harness ends, no broker is left behind: no process, no port, no folder."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import pytest

from engine.brokers.tests.asking import broker_or_skip
from engine.databases import guardian
from engine.databases.tests.traces import Traces, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.brokers import Broker

pytestmark = pytest.mark.processes

HARNESS = """
import sys
from pathlib import Path
from engine.brokers import open_broker

broker = open_broker(sys.argv[1], Path(sys.argv[2]))
broker.start()
print(broker.url, flush=True)
sys.stdin.read()
"""


def test_a_killed_harness_takes_its_broker_with_it(name: str, tmp_path: Path) -> None:
    """SIGKILL of the harness ends all processes of the broker and removes its folder."""
    broker_or_skip(name, tmp_path)
    with harness(name, tmp_path) as (process, url):
        traces = traces_of(psutil.Process(process.pid), url)
        process.kill()

    assert len(traces.processes) > 1
    assert traces.remaining_at_last() == []


def test_a_killed_guardian_takes_its_broker_with_it(name: str, tmp_path: Path) -> None:
    """The one process that watches over a broker may die too, and a stop still cleans up."""
    with broker_or_skip(name, tmp_path) as broker:
        watcher = guardian_of(broker)
        traces = traces_of(watcher, broker.url)
        watcher.kill()

    assert traces.remaining_at_last() == []


def test_stopped_it_has_left_nothing(name: str, tmp_path: Path) -> None:
    """After stop, which may be called twice, there is no process and nobody listens."""
    with broker_or_skip(name, tmp_path) as broker:
        traces = traces_of(guardian_of(broker), broker.url)
    broker.stop()

    assert broker.pids() == ()
    assert traces.remaining() == []


def guardian_of(broker: Broker) -> psutil.Process:
    """Find the process that started a broker."""
    parent = psutil.Process(broker.pids()[0]).parent()
    assert parent is not None
    return parent


def traces_of(process: psutil.Process, url: str) -> Traces:
    """Collect what a broker below a process leaves in the system while it runs."""
    family = [process, *process.children(recursive=True)]
    watchers = [child.cmdline() for child in family if guardian.__file__ in child.cmdline()]
    assert len(watchers) == 1
    return Traces(
        processes=tuple(family[1:]),
        folders=tuple(Path(command[-1]) for command in watchers if command[-1]),
        containers=(),
        port=urlsplit(url).port or 0,
    )


@contextlib.contextmanager
def harness(name: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a harness with a broker of its own, until the end of the block at most."""
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
