"""A step says what was seen, and counts what had not ended."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from loadtests.assembling import span_of, step_of, windows_of
from loadtests.tally import Window
from loadtests.tests.ledgers import MS, PLAN, NoProbes, Script, histogram, observed, outcome

if TYPE_CHECKING:
    from pathlib import Path


def window(begin: int, end: int) -> Window:
    """Return a window of milliseconds."""
    return Window(begin_ns=begin * MS, end_ns=end * MS)


def test_a_step_has_the_generators_word_for_what_it_sent(tmp_path: Path) -> None:
    """Planned, sent, acknowledged and refused are of its own window; the rest is the ledger's."""
    script = Script(tmp_path)
    script.done(2_000)
    seen = observed(
        tmp_path,
        outcome=outcome(planned=20, sent=18, acknowledged=15, errors={"OperationalError": 3}),
    )

    step = step_of(seen)

    counts = step.counts
    assert (counts.planned, counts.sent, counts.acknowledged) == (20, 18, 15)
    assert counts.errors == {"OperationalError": 3}
    assert counts.completed == 1
    assert (step.offered_rate, step.sent_rate, step.goodput) == (2.0, 1.8, 0.1)
    assert (step.id, step.order, step.phase, step.verdict) == ("ramp-1", 3, "ramp", "measured")


def test_a_step_has_the_durations_that_the_generator_recorded(tmp_path: Path) -> None:
    """The lag of the event loop is the generator's own, and no latency of the queue."""
    histograms = {"service": histogram(3), "loop_lag": histogram(7), "send_lag": histogram(9)}

    step = step_of(observed(tmp_path, outcome=outcome(histograms=histograms)))

    assert set(step.latency) == {"service", "send_lag", "end_to_end"}
    assert step.latency["service"].p50_ms == pytest.approx(3, rel=0.01)
    assert step.generator.loop_lag_ms_p99 == pytest.approx(7, rel=0.01)
    assert step.generator.send_lag_ms_p99 == pytest.approx(9, rel=0.01)


def test_a_generator_without_histograms_is_not_known_to_be_in_time(tmp_path: Path) -> None:
    """Nothing recorded is None, not zero."""
    step = step_of(observed(tmp_path, outcome=outcome(histograms={})))

    assert step.generator.loop_lag_ms_p99 is None
    assert step.generator.send_lag_ms_p99 is None


def test_a_body_counts_where_it_ended_and_waits_from_where_it_was_intended(
    tmp_path: Path,
) -> None:
    """Goodput and latency are of different tasks: those that ended, and those that were due."""
    script = Script(tmp_path)
    script.task(500, sent=500, acknowledged=501, ended=(1_500,))  # due in the warm-up
    script.task(10_900, sent=10_900, acknowledged=10_901, ended=(11_500,))  # ended too late

    step = step_of(observed(tmp_path))

    assert step.counts.completed == 1
    assert step.latency["end_to_end"].count == 1
    assert step.latency["end_to_end"].p50_ms == pytest.approx(600, rel=0.01)


def test_a_task_that_had_not_ended_counts_with_the_time_that_it_waited(tmp_path: Path) -> None:
    """To leave it out would make an overloaded queue look fast."""
    script = Script(tmp_path)
    for at in range(2_000, 2_009):
        script.done(at)
    script.task(3_000, sent=3_000, acknowledged=3_001)

    step = step_of(observed(tmp_path))

    durations = step.latency["end_to_end"]
    assert (durations.count, step.counts.unfinished) == (10, 1)
    assert durations.p50_ms == pytest.approx(20, rel=0.01)
    assert durations.max_ms == pytest.approx(9_000, rel=0.01)


def test_a_refused_task_is_not_waited_for(tmp_path: Path) -> None:
    """Its caller was told: it has no end, and is nobody's backlog."""
    Script(tmp_path).task(3_000, sent=3_000, refused=3_005)

    step = span_of(observed(tmp_path), window(1_000, 11_000), "span")

    assert (step.counts.errors, step.counts.unfinished) == ({"refused": 1}, 0)
    assert step.latency["end_to_end"].count == 0
    assert step.latency["end_to_end"].p50_ms is None


def test_a_task_that_ran_twice_is_one_task_and_a_duplicate(tmp_path: Path) -> None:
    """Its first end is the one that counts."""
    Script(tmp_path).task(2_000, sent=2_000, acknowledged=2_001, ended=(5_000, 2_010))

    step = step_of(observed(tmp_path))

    assert (step.counts.completed, step.counts.duplicated) == (1, 1)
    assert step.latency["end_to_end"].max_ms == pytest.approx(10, rel=0.01)


def test_the_border_between_two_windows_belongs_to_the_second(tmp_path: Path) -> None:
    """No task is in both, and none is in neither."""
    script = Script(tmp_path)
    for at in (1_999, 2_000, 2_001):
        script.task(at, sent=at, acknowledged=at, ended=(at,))
    seen = observed(tmp_path)

    before = span_of(seen, window(1_000, 2_000), "before").counts
    after = span_of(seen, window(2_000, 3_000), "after").counts

    assert (before.sent, before.acknowledged, before.completed) == (1, 1, 1)
    assert (after.sent, after.acknowledged, after.completed) == (2, 2, 2)


def test_a_long_load_is_cut_into_whole_windows(tmp_path: Path) -> None:
    """What is left at the end and shorter than a window is none; each asks its own resources."""
    script = Script(tmp_path)
    for at in range(1_000, 11_000, 500):
        script.done(at)
    probes = NoProbes()

    steps = list(windows_of(observed(tmp_path, probes=probes), 3.0))

    assert [step.id for step in steps] == ["ramp-1-000", "ramp-1-001", "ramp-1-002"]
    assert [step.counts.sent for step in steps] == [6, 6, 6]
    assert [step.window_seconds for step in steps] == [3.0, 3.0, 3.0]
    assert probes.asked == [(at * MS, (at + 3_000) * MS) for at in (1_000, 4_000, 7_000)]


def test_the_send_lag_of_a_window_is_no_time_of_the_queue(tmp_path: Path) -> None:
    """Three clocks of one task that was sent 100 ms late and acknowledged 50 ms after that."""
    Script(tmp_path).task(2_000, sent=2_100, acknowledged=2_150, ended=(2_200,))

    latency = span_of(observed(tmp_path), window(1_000, 11_000), "span").latency

    found = {name: round(of.p50_ms or 0) for name, of in latency.items()}
    assert found == {"service": 50, "send_lag": 100, "intended": 150, "end_to_end": 200}


def test_an_end_before_the_intended_time_is_no_negative_duration(tmp_path: Path) -> None:
    """A histogram cannot hold one; the least is a microsecond."""
    Script(tmp_path).task(2_000, sent=1_999, acknowledged=1_999, ended=(1_999,))

    step = span_of(observed(tmp_path), window(1_000, 11_000), "span")

    assert step.latency["end_to_end"].max_ms == pytest.approx(0.001)


def test_a_step_in_which_nothing_happened_is_a_step(tmp_path: Path) -> None:
    """At a rate of 0 there is nothing to divide by."""
    nothing = outcome(planned=0, sent=0, acknowledged=0)

    step = step_of(observed(tmp_path, outcome=nothing))

    assert (step.offered_rate, step.goodput, step.counts.completed) == (0.0, 0.0, 0)
    assert step.littles_law_error is None
    assert step.backlog.drain_rate is None


def test_what_a_task_costs_is_divided_by_the_bodies_that_ended(tmp_path: Path) -> None:
    """2 seconds of CPU for 4 tasks are 500 milliseconds each."""
    script = Script(tmp_path)
    for at in (2_000, 3_000, 4_000, 5_000):
        script.done(at)

    assert step_of(observed(tmp_path)).per_task["cpu_ms_worker"] == pytest.approx(500)


@pytest.mark.parametrize("line", [{}, {"requests": 0.0}, {"requests": None}])
def test_locust_is_not_quoted_where_it_said_nothing(
    tmp_path: Path, line: dict[str, float | None]
) -> None:
    """A line of zeros would look like a measurement."""
    assert step_of(observed(tmp_path, outcome=outcome(locust=line))).locust is None


def test_what_locust_says_itself_is_kept_beside_the_truth(tmp_path: Path) -> None:
    """Its failures count as it counts them; what it does not say is None."""
    said = {"requests": 10.0, "failures": 2.0, "rate": 1.0, "p99_ms": 3.0}

    line = step_of(observed(tmp_path, outcome=outcome(locust=said))).locust

    assert line is not None
    assert (line.requests, line.failures, line.p99_ms, line.max_ms) == (10, 2, 3.0, None)


def test_the_arm_and_the_block_of_a_plan_are_those_of_its_step(tmp_path: Path) -> None:
    """A comparison finds its pairs by them."""
    plan = dataclasses.replace(PLAN, arm="durability", block=2)

    step = step_of(observed(tmp_path, plan=plan))

    assert (step.arm, step.block) == ("durability", 2)
