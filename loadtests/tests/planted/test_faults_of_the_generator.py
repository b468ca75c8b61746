"""A generator that blocks itself or has too few senders: never a fault of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.measuring import Senders
from loadtests.plans import Search, SenderPlan
from loadtests.tests.planted.conftest import CONTENDERS, RATE
from loadtests.tests.planted.planting import FEW, measured, measured_calmly, plan
from loadtests.tests.planted.searching import profile, searched
from loadtests.tests.planted.slow_producer import ENQUEUE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loadtests.laboratory import Bench, Laboratory
    from reports.load_schema import Step

SPARE = 0.1
"""Of the CPU time idle: a loop on a fuller machine lags as everything does."""

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
    """One sender sends ten a second if an enqueue takes a tenth: 20/s says nothing of the queue."""
    most = 1 / ENQUEUE_SECONDS
    wanted = profile(
        Search(start_rate=most / 2, max_rate=2 * most, factor=4.0, width=4.0, repeats=1),
        contender=f"{CONTENDERS}:SlowProducer",
        senders=SenderPlan(processes=1, users=1, blocking_processes=1),
    )

    book = searched(laboratory, wanted, tmp_path)

    knee = book.findings.knees[0]
    assert knee.status == "generator_limited"
    assert (knee.low, knee.high) == (most / 2, None)
    assert "the queue may sustain more" in knee.note
    limited = [step for step in book.steps if step.verdict == "generator_limited"]
    assert limited
    for step in limited:
        assert "there were too few of them" in step.reasons[-1]
        assert step.goodput < 1.3 * most
    assert book.findings.bottlenecks[0].label == "generator"


def test_the_same_queue_with_enough_senders_passes(faulty: Callable[[str], Bench]) -> None:
    """What one sender could not send, eight do."""
    step = measured_calmly(
        faulty("SlowProducer"),
        plan("enough", 2 / ENQUEUE_SECONDS),
        senders=Senders(processes=FEW.processes, users=8),
    )
    assert not step.generator.is_limit
    assert (step.latency["service"].p50_ms or 0) >= ENQUEUE_SECONDS * 1000
