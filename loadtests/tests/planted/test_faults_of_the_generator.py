"""A generator that blocks itself or has too few senders: never a fault of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.plans import Search, SenderPlan
from loadtests.tests.planted.conftest import CONTENDERS, RATE
from loadtests.tests.planted.planting import measured, plan
from loadtests.tests.planted.searching import profile, searched
from loadtests.tests.planted.slow_producer import ENQUEUE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loadtests.laboratory import Bench, Laboratory
    from loadtests.profile_kinds import KneeProfile
    from reports.load_steps import Step

SPARE = 0.1
"""Of the CPU time idle: a loop on a fuller machine lags as everything does."""

MOST = 1 / ENQUEUE_SECONDS
"""What one sender can send a second."""

pytestmark = pytest.mark.processes


def test_a_blocked_event_loop_is_the_generators_own(
    faulty: Callable[[str], Bench], calm: Step
) -> None:
    """A driver that waits in C stops all senders, and no CPU figure says so."""
    bench = faulty("BlockingProducer")
    usual = calm.latency["service"].mean_ms

    step = measured(bench, plan("blocked", RATE), usual_service_ms=usual)

    assert any("event loop lagged" in reason for reason in step.generator.reasons)
    assert step.generator.cpu_share_max < 0.6
    assert step.verdict != "pass"
    if (step.resources.idle_share or 0) > SPARE:
        assert step.verdict == "generator_limited"
        assert any("event loop was blocked" in reason for reason in step.reasons)
    # Its twin.
    assert not calm.generator.is_limit
    lag, usual_lag = step.generator.loop_lag_ms_p99, calm.generator.loop_lag_ms_p99
    assert lag is not None
    assert usual_lag is not None
    assert lag > 5 * usual_lag


def test_a_knee_beyond_the_senders_is_a_lower_bound(laboratory: Laboratory, tmp_path: Path) -> None:
    """One sender cannot send 20 a second if each takes a tenth: that says nothing of the queue."""
    book = searched(laboratory, slow_enqueues(users=1), tmp_path)

    knee = book.findings.knees[0]
    assert knee.status == "generator_limited"
    assert (knee.low, knee.high) == (MOST / 2, None)
    assert "the queue may sustain more" in knee.note
    limited = [step for step in book.steps if step.verdict == "generator_limited"]
    assert limited
    for step in limited:
        assert "there were too few of them" in step.reasons[-1]
        assert step.generator.is_limit
        assert step.goodput < 1.3 * MOST
    assert book.findings.bottlenecks[0].label == "generator"


def test_a_queue_that_does_not_saturate_has_no_knee(laboratory: Laboratory, tmp_path: Path) -> None:
    """With enough senders the same queue passes, and nothing is said of what was not tried."""
    book = searched(laboratory, slow_enqueues(users=8), tmp_path)

    knee = book.findings.knees[0]
    assert (knee.status, knee.low, knee.high) == ("not_reached", 2 * MOST, None)
    assert not any(step.generator.is_limit for step in book.steps)
    assert (book.steps[-1].latency["service"].p50_ms or 0) >= ENQUEUE_SECONDS * 1000
    found = book.findings.bottlenecks[0]
    assert (found.label, found.confidence) == ("unknown", "unknown")


def slow_enqueues(users: int) -> KneeProfile:
    """Return a search that begins at half of what one sender can send, and ends at twice that."""
    return profile(
        Search(start_rate=MOST / 2, max_rate=2 * MOST, factor=4.0, width=4.0, repeats=1),
        contender=f"{CONTENDERS}:SlowProducer",
        senders=SenderPlan(processes=1, users=users, blocking_processes=1),
    )
