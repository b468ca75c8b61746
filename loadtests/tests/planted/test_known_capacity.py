"""Queues whose capacity is known: two workers end 50 tasks of 40 ms a second, and no more."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest

from loadtests.plans import FlipPlan, Search, SenderPlan
from loadtests.tests.planted.planting import workload
from loadtests.tests.planted.searching import profile, searched

if TYPE_CHECKING:
    from pathlib import Path

    from loadtests.laboratory import Laboratory

WORKERS = 2
WORK_MS = 40.0
MOST = WORKERS * 1000 / WORK_MS
WIDTH = 1.75
"""A bracket is a ratio; each further step would halve it."""

SENDERS = SenderPlan(processes=1, users=8)

pytestmark = pytest.mark.processes


def test_a_throttled_queue_gets_a_bracket_around_its_capacity(
    laboratory: Laboratory, tmp_path: Path
) -> None:
    """And twice the workers are about twice the capacity: their number is what limits it."""
    wanted = profile(
        Search(start_rate=20, max_rate=200, factor=WIDTH, width=WIDTH - 1, repeats=2),
        FlipPlan(knobs=("workers_doubled",), blocks=5, warmup_seconds=0.5, window_seconds=1.5),
        workers=WORKERS,
        workload=workload(WORK_MS),
        senders=SENDERS,
    )

    book = searched(laboratory, wanted, tmp_path)

    # By the ledger: bodies that ended in a second while more was offered than can be done.
    overloaded = [step.goodput for step in book.steps if step.arm in {"control", "A/A"}]
    capacity = statistics.median(overloaded)
    assert 0.5 * MOST < capacity < 1.05 * MOST
    knee = book.findings.knees[0]
    assert knee.status == "bracketed", knee
    assert knee.low is not None
    assert knee.high is not None
    assert knee.low <= MOST
    assert knee.high >= 0.85 * capacity
    assert knee.high <= 1.05 * WIDTH * knee.low
    flip = next(each for each in book.findings.ratios if each.name == "workers_doubled")
    assert (flip.median or 0) > 1.1
    found = book.findings.bottlenecks[0]
    assert (found.label, found.confidence) in {
        ("worker_slots", "proven"),
        ("worker_slots", "supported"),
    }
    assert "workers_doubled" in found.suspects[0].flips
