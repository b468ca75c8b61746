"""Steps as the tests of the analysis need them: healthy, unless a test says otherwise."""

from __future__ import annotations

import dataclasses
from typing import Any

from loadtests.analysis.facts import facts_of
from loadtests.analysis.rules import Rules, judge
from reports.load_schema import Knee, Ratio
from reports.load_steps import Backlog, Counts, Generator, Latency, Resources, Step, Target

TARGET = Target(contender="background_task", database="postgresql")


def latency(value_ms: float) -> Latency:
    """Return a distribution around one value."""
    return Latency(count=4000, mean_ms=value_ms, p50_ms=value_ms, p99_ms=2 * value_ms)


def resources(**changes: Any) -> Resources:
    """Return what a step used on two cores that were half idle."""
    usual = Resources(
        cpu_seconds={"generator": 2.0, "worker": 4.0, "database": 3.0, "harness": 0.5},
        cores=2,
        steal_share=0.0,
        idle_share=0.5,
        waits={"CPU:CPU": 40, "Client:ClientRead": 400},
        wait_samples=100,
    )
    return dataclasses.replace(usual, **changes)


def step(**changes: Any) -> Step:
    """Return a step of ten seconds at 400 tasks a second."""
    usual = Step(
        id="ramp-1",
        phase="ramp",
        order=0,
        target=TARGET,
        offered_rate=400.0,
        warmup_seconds=2,
        window_seconds=10,
        goodput=400.0,
        sent_rate=400.0,
        counts=Counts(
            planned=4000,
            sent=4000,
            acknowledged=4000,
            completed=4000,
            unfinished=0,
            duplicated=0,
        ),
        backlog=Backlog(start=3, end=3, slope_per_s=0.0),
        latency={"service": latency(2.0), "intended": latency(3.0), "end_to_end": latency(20.0)},
        locust=None,
        generator=Generator(
            processes=1,
            users=32,
            cpu_share_max=0.2,
            loop_lag_ms_p99=1.0,
            send_lag_ms_p99=1.0,
            is_limit=False,
        ),
        resources=resources(),
        verdict="measured",
    )
    return dataclasses.replace(usual, **changes)


def saturated(**changes: Any) -> Step:
    """Return the step that failed at the high end of ``knee()``."""
    return step(
        id="confirm-9",
        phase="confirm",
        order=8,
        offered_rate=452.0,
        verdict="fail",
        resources=resources(**changes),
    )


def knee(**changes: Any) -> Knee:
    """Return a bracket of 400 to 450 tasks a second."""
    usual = Knee(target=TARGET, status="bracketed", low=400.0, high=450.0, repeats=())
    return dataclasses.replace(usual, **changes)


def flip(name: str, median: float | None, **changes: Any) -> Ratio:
    """Return a claimed ratio of goodput with a narrow interval."""
    ends = (None, None) if median is None else (median * 0.97, median * 1.03)
    usual = Ratio(
        name=name,
        metric="goodput",
        target=TARGET,
        before="the usual setting",
        after="the other setting",
        ratios=() if median is None else (median,) * 5,
        median=median,
        low=ends[0],
        high=ends[1],
        claim="claimed",
    )
    return dataclasses.replace(usual, **changes)


def unmoved(name: str) -> Ratio:
    """Return a ratio without a difference."""
    return flip(name, 1.0, claim="no difference")


def test_the_step_that_others_are_made_from_is_a_healthy_one() -> None:
    """What a test finds wrong with a step is what the test has put there."""
    judgement = judge(facts_of(step(), null_rate=5000), Rules())
    assert judgement.verdict == "pass"
    assert (judgement.reasons, judgement.generator_reasons) == ((), ())
