"""A disk that takes long to make a commit durable.

strace lets every flush of the server return 20 ms late. It must be allowed to attach to another's
process; where it is missing or is not, the tests are skipped, unless ``KILLPROOF_STRACE`` is set:
then they fail, and the proof by flips, which takes three minutes, is tried too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from loadtests.analysis.bottleneck import find_bottleneck
from loadtests.experiments.flipping import flip_plans, flip_ratios
from loadtests.measuring import measure
from loadtests.plans import FlipPlan, Search
from loadtests.tests.planted.conftest import RATE
from loadtests.tests.planted.planting import FEW, confidence, measured, plan, suspected
from loadtests.tests.planted.searching import profile
from reports.load_schema import Knee

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.databases import Database
    from loadtests.laboratory import Bench
    from reports.load_steps import Step

ASKED_FOR = "KILLPROOF_STRACE"
FLUSHES = "fdatasync,fsync"
DELAY_US = 20_000
ATTACH_SECONDS = 20.0
FLOOD = 150.0
"""More enqueues a second than four senders get done if each waits 20 ms or more for its commit."""
SPARE = 0.1
"""Of the CPU time idle: on a fuller machine, CPU time is suspected beside whatever else."""

pytestmark = pytest.mark.processes


@contextlib.contextmanager
def slow_flushes(database: Database, log: Path) -> Iterator[None]:
    """Let every flush of a server take longer until the end of the block."""
    program = shutil.which("strace")
    if program is None:
        _cannot("strace is not installed")
    pids = [str(pid) for pid in database.pids()]
    attached = [word for pid in pids for word in ("-p", pid)]
    options = ["-f", "-o", os.devnull, "-e", f"trace={FLUSHES}"]
    options += ["-e", f"inject={FLUSHES}:delay_exit={DELAY_US}"]
    with (
        log.open("wb") as said,
        subprocess.Popen([str(program), *options, *attached], stderr=said) as tracer,
    ):
        try:
            _await_attached(tracer, log, len(pids))
            yield
        finally:
            tracer.terminate()


def _await_attached(tracer: subprocess.Popen[bytes], log: Path, processes: int) -> None:
    deadline = time.monotonic() + ATTACH_SECONDS
    while log.read_text().count("attached") < processes:
        if tracer.poll() is not None or time.monotonic() > deadline:
            _cannot(f"strace cannot attach: {log.read_text().strip()}")
        time.sleep(0.05)


def _cannot(reason: str) -> None:
    if ASKED_FOR in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


def test_a_slow_flush_is_named(bench: Bench, calm: Step, tmp_path: Path) -> None:
    """Sessions wait for their commits, and the time of a flush is not taken for the network's."""
    with slow_flushes(bench.database, tmp_path / "strace.log"):
        step = measured(bench, plan("flush", RATE))

    assert confidence(step, "commit_flush") == "supported"
    assert confidence(calm, "commit_flush") == "unknown"
    each_ms = step.resources.counters["fsync_ms"] / step.resources.counters["fsyncs"]
    assert each_ms > 0.8 * DELAY_US / 1000
    if (step.resources.idle_share or 0) > SPARE:
        assert suspected(step).label == "commit_flush"


@pytest.mark.skipif(ASKED_FOR not in os.environ, reason=f"it takes three minutes: set {ASKED_FOR}")
def test_a_slow_flush_is_proven_by_commits_that_do_not_wait(bench: Bench, tmp_path: Path) -> None:
    """The capacity rises when nobody waits for the disk, and nothing else was changed."""
    flips = FlipPlan(knobs=("durability",), blocks=5, warmup_seconds=0.5, window_seconds=2.0)
    wanted = profile(Search(), flips)
    with slow_flushes(bench.database, tmp_path / "strace.log"):
        step = dataclasses.replace(measured(bench, plan("flooded", FLOOD)), verdict="fail")
        knee = Knee(target=step.target, status="bracketed", low=RATE, high=FLOOD, repeats=())
        pairs = [
            measure(bench, each, FEW, place)
            for place, each in enumerate(flip_plans(wanted, knee, bench, 1))
        ]

    ratios = flip_ratios(wanted, pairs, bench, 1)
    found = find_bottleneck(step.target, knee, [step, *pairs], ratios, workers=wanted.workers)
    durability = next(each for each in ratios if each.name == "durability")
    assert durability.is_unsafe
    assert (durability.median or 0) > 1.1
    suspects = {suspect.label: suspect for suspect in found.suspects}
    assert suspects["commit_flush"].flips == ("durability",)
    # Pairs that others disturbed are withheld, and then nothing is proven.
    expected = "proven" if durability.claim == "claimed" else "supported"
    assert suspects["commit_flush"].confidence == expected
    if expected == "proven":
        assert found.label == "commit_flush"
