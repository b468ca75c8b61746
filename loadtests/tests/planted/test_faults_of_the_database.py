"""A database that stands still, is locked, or is far away: what a step says of it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from loadtests.analysis.scene import Scene
from loadtests.analysis.suspects import ROOMY, suspicions
from loadtests.knobs import KNOBS
from loadtests.knobs.delay import Delay
from loadtests.tests.planted.conftest import RATE
from loadtests.tests.planted.planting import confidence, measured, plan, suspected

if TYPE_CHECKING:
    from loadtests.laboratory import Bench
    from reports.load_steps import Step

STALL_SECONDS = 1.8
ROUND_TRIP_MS = 10.0
LOCKED_SECONDS = 2.0
SPARE = 0.1
"""Of the CPU time idle: on a fuller machine, CPU time is suspected beside whatever else."""

pytestmark = pytest.mark.processes


def test_a_stall_shows_from_the_intended_time_and_not_in_locusts_line(
    bench: Bench, calm: Step
) -> None:
    """Who measures from the send leaves out those that waited for a sender meanwhile."""

    def stall() -> None:
        bench.database.pause()
        try:
            time.sleep(STALL_SECONDS)
        finally:
            bench.database.resume()

    usual = calm.latency["service"].mean_ms
    step = measured(bench, plan("stall", RATE), usual_service_ms=usual, fault=stall)

    for name in ("intended", "end_to_end"):
        assert (step.latency[name].p99_ms or 0) > STALL_SECONDS * 1000 * 0.7
        assert (step.latency[name].p95_ms or 0) > STALL_SECONDS * 1000 * 0.4
    assert step.locust is not None
    assert (step.locust.p50_ms or 0) < STALL_SECONDS * 1000 * 0.1
    assert (step.locust.p95_ms or 0) < STALL_SECONDS * 1000 * 0.3
    # The stall is the queue's, though it made the sends late.
    assert step.verdict == "fail"
    assert any("after the intended time at p99" in reason for reason in step.reasons)
    assert not step.generator.is_limit
    assert confidence(step, "network") == "unknown"
    # Its twin.
    assert calm.verdict == "pass"
    assert (calm.latency["end_to_end"].p99_ms or 0) < STALL_SECONDS * 1000 * 0.6


def test_a_lock_on_the_table_is_named(bench: Bench, calm: Step) -> None:
    """Sessions that wait for another one's lock are seen, and are no slow way to the server."""

    def lock() -> None:
        with contextlib.closing(bench.database.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE background_task_scheduledtask IN ACCESS EXCLUSIVE MODE")
            time.sleep(LOCKED_SECONDS)
            cursor.execute("ROLLBACK")

    step = measured(bench, plan("lock", RATE), fault=lock)

    assert step.resources.waits["Lock:relation"] > 10
    assert step.resources.counters["blocked_sessions_max"] >= 1
    assert step.verdict == "fail"
    assert confidence(step, "table_lock") == "supported"
    assert confidence(step, "network") == "unknown"
    if (step.resources.idle_share or 0) > SPARE:
        assert suspected(step).label == "table_lock"
    # Its twin.
    assert "Lock:relation" not in calm.resources.waits
    assert confidence(calm, "table_lock") == "unknown"


def test_a_long_way_to_the_server_is_named(
    bench: Bench, calm: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most of an enqueue's time then passes neither at the server nor in Python."""
    far = Delay(name="network_delay", suspect="network", round_trip_ms=ROUND_TRIP_MS)
    monkeypatch.setitem(KNOBS, far.name, far)

    step = measured(bench, plan("far", RATE, knob=far.name))

    assert (step.latency["service"].p50_ms or 0) > ROUND_TRIP_MS
    assert weight(step, "network") > 0.5 > weight(calm, "network")
    if (step.resources.idle_share or 0) > ROOMY:
        assert confidence(step, "network") == "supported"


def weight(step: Step, label: str) -> float:
    """Return how much speaks for a suspect."""
    found = {each.label: each.weight for each in suspicions(Scene(step=step, workers=2))}
    return found.get(label, 0.0)
