"""What planted faults taught the analysis, as plain figures: no process is started."""

from __future__ import annotations

import dataclasses

import pytest

from loadtests.analysis.facts import facts_of
from loadtests.analysis.rules import Rules, judge
from loadtests.analysis.scene import Scene
from loadtests.analysis.suspects import suspicions
from loadtests.tests.test_analysis_steps import latency, resources, step
from reports.load_steps import Backlog, Counts, Statement, Step

LATE = step(
    # 1000 were sent after the window had ended: the queue cannot have ended them within it.
    counts=Counts(
        planned=4000,
        sent=4000,
        acknowledged=4000,
        completed=3000,
        unfinished=0,
        duplicated=0,
    ),
    latency={"service": latency(2.0), "intended": latency(900.0), "end_to_end": latency(910.0)},
    generator=dataclasses.replace(step().generator, send_lag_ms_p99=1800.0),
)


def test_sends_after_the_window_are_not_held_against_the_queue() -> None:
    """A blocked generator that catches up later has limited the step all the same."""
    blocked = dataclasses.replace(LATE.generator, loop_lag_ms_p99=800.0)
    limited = judge(facts_of(dataclasses.replace(LATE, generator=blocked)), Rules())
    assert limited.verdict == "generator_limited"
    assert "event loop was blocked" in limited.reasons[-1]

    held = Backlog(start=3, end=900, slope_per_s=0.0)
    failed = dataclasses.replace(LATE, generator=blocked, backlog=held)
    assert judge(facts_of(failed), Rules()).verdict == "fail"


def test_a_loop_that_lags_a_little_explains_no_stall() -> None:
    """On a busy machine it lags by some milliseconds, whatever made the sends late."""
    busy = dataclasses.replace(LATE.generator, loop_lag_ms_p99=20.0)
    judgement = judge(facts_of(dataclasses.replace(LATE, generator=busy)), Rules())
    assert judgement.verdict == "fail"
    assert any("event loop lagged" in reason for reason in judgement.generator_reasons)


@pytest.mark.parametrize(
    "waits",
    [
        {"IO:WalSync": 80, "LWLock:WALWrite": 60},
        {"Lock:relation": 150},
    ],
)
def test_time_that_no_statement_accounts_for_is_not_the_networks(waits: dict[str, int]) -> None:
    """PostgreSQL counts a commit's flush in no statement; sampled waits tell that it was there."""
    statements = (Statement(text="INSERT", calls=4000, total_ms=800.0),)
    far = step(resources=resources(statements=statements))
    near = step(resources=resources(statements=statements, waits=waits))
    assert network(far) > 0.5 > network(near)


def test_a_few_slow_enqueues_do_not_make_the_way_long() -> None:
    """A stall lifts the mean and not the median."""
    stalled = dataclasses.replace(latency(2.0), mean_ms=40.0, p50_ms=0.6)
    statements = (Statement(text="INSERT", calls=4000, total_ms=800.0),)
    found = step(
        latency={**step().latency, "service": stalled}, resources=resources(statements=statements)
    )
    assert network(found) < 0.5


def network(found: Step) -> float:
    """Return how much speaks for the way to the server."""
    weights = {each.label: each.weight for each in suspicions(Scene(step=found))}
    return weights["network"]
