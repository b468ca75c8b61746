"""A step keeps its verdict with what the verdict rests on."""

from __future__ import annotations

import dataclasses

from loadtests.judging import judged, usual_service_ms
from loadtests.plans import Rules
from loadtests.tests.test_analysis_steps import latency, step
from reports.load_steps import Counts

RULES = Rules()
COUNTS = Counts(
    planned=4000, sent=4000, acknowledged=4000, completed=4000, unfinished=0, duplicated=0
)


def test_a_healthy_step_passes_and_blames_nobody() -> None:
    """Nothing but its verdict is changed."""
    before = step()

    after = judged(before, RULES, null_rate=5000, usual_service_ms=None)

    assert (after.verdict, after.reasons, after.generator.is_limit) == ("pass", (), False)
    assert dataclasses.replace(after, verdict="measured") == before


def test_a_rule_of_the_profile_decides() -> None:
    """The same step passes and fails by the limit of its p99."""
    slow = step(latency={"service": latency(2), "intended": latency(3), "end_to_end": latency(200)})
    strict = dataclasses.replace(RULES, end_to_end_p99_ms=399.0)

    passes = judged(slow, RULES, null_rate=5000, usual_service_ms=2.0)
    fails = judged(slow, strict, null_rate=5000, usual_service_ms=2.0)

    assert (passes.verdict, fails.verdict) == ("pass", "fail")
    assert len(fails.reasons) == 1


def test_enqueues_that_raised_fail_a_step() -> None:
    """However fast the others were."""
    refused = dataclasses.replace(COUNTS, acknowledged=3900, errors={"OperationalError": 100})

    after = judged(step(counts=refused), RULES, null_rate=5000, usual_service_ms=None)

    assert after.verdict == "fail"
    assert any("raised" in reason for reason in after.reasons)


def test_a_generator_that_was_the_limit_is_blamed_in_the_step() -> None:
    """The reasons are kept where a reader of the generator looks."""
    weak = dataclasses.replace(step().generator, cpu_share_max=1.0, send_lag_ms_p99=5000.0)
    half = dataclasses.replace(COUNTS, sent=2000, acknowledged=2000, completed=2000)
    late = step(generator=weak, sent_rate=200.0, goodput=200.0, counts=half)

    after = judged(late, RULES, null_rate=5000, usual_service_ms=2.0)

    assert after.verdict == "generator_limited"
    assert after.generator.is_limit
    assert after.generator.reasons


def test_the_usual_time_of_an_enqueue_is_that_of_a_step_that_passed() -> None:
    """The least of them: load makes it longer; steps that failed say nothing of the usual."""
    passed = [
        step(verdict="pass", latency={"service": latency(4)}),
        step(verdict="pass", latency={"service": latency(3)}),
        step(verdict="pass", latency={}),
    ]
    failed = [
        step(verdict="fail", latency={"service": latency(1)}),
        step(latency={"service": latency(1)}),
    ]

    assert usual_service_ms([*passed, *failed]) == 3
    assert usual_service_ms(failed) is None
    assert usual_service_ms([]) is None
