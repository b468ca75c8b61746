"""The verdict on one step: each rule, each gate, and who is to blame."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from loadtests.analysis.backlog import slope
from loadtests.analysis.facts import StepFacts, facts_of
from loadtests.analysis.gate import Gate
from loadtests.analysis.rules import Rules, judge
from loadtests.tally import Window
from loadtests.tests.test_analysis_steps import step

GOOD = StepFacts(
    window_seconds=10,
    planned=5000,
    sent=5000,
    acknowledged=5000,
    errors=0,
    completed=4998,
    backlog_slope_per_s=0.2,
    end_to_end_mean_ms=20,
    end_to_end_p99_ms=80,
    intended_p99_ms=9,
    service_mean_ms=2,
    usual_service_ms=1.5,
    send_lag_p99_ms=3,
    loop_lag_p99_ms=2,
    processes=1,
    users=32,
    cpu_share_max=0.3,
    idle_share=0.4,
    steal_share=0.0,
    foreign_share=0.0,
    null_rate=9000,
)
LATE = dataclasses.replace(
    GOOD, send_lag_p99_ms=900, intended_p99_ms=905, end_to_end_p99_ms=950, end_to_end_mean_ms=400
)
"""A step that failed by lateness of the sends alone."""


def test_a_step_that_keeps_up_passes_without_a_reason() -> None:
    """Nothing is said where nothing is wrong."""
    judgement = judge(GOOD, Rules())
    assert judgement.verdict == "pass"
    assert (judgement.reasons, judgement.generator_reasons) == ((), ())
    assert not judgement.generator_is_limit


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"completed": 4800}, "4800 bodies ended of 5000 planned"),
        ({"backlog_slope_per_s": 25.0}, "The backlog grew by 25 tasks a second"),
        ({"end_to_end_p99_ms": 501.0}, "Bodies ended 501 ms after the intended time"),
        ({"intended_p99_ms": 251.0}, "Enqueues returned 251 ms after the intended time"),
        ({"errors": 6}, "6 of 5000 enqueues raised, above 0.10%"),
        ({"end_to_end_p99_ms": None}, "Bodies ended too rarely for a p99"),
    ],
)
def test_each_rule_fails_a_step_with_a_sentence(change: dict[str, Any], words: str) -> None:
    """One rule that is broken is one reason, with the figure that broke it."""
    judgement = judge(dataclasses.replace(GOOD, **change), Rules())
    assert judgement.verdict == "fail"
    assert len(judgement.reasons) == 1
    assert words in judgement.reasons[0]


def simulated(rng: np.random.Generator, rate: float, seconds: float) -> StepFacts:
    """Return ten seconds of a queue without any limit: Poisson arrivals, nobody waits."""
    arrivals = np.sort(rng.uniform(-10, 10, rng.poisson(rate * 20)))
    ends = np.sort(arrivals + rng.exponential(seconds, len(arrivals)))
    window = Window(begin_ns=0, end_ns=10_000_000_000)
    entered, left = ((times * 1e9).astype(np.int64) for times in (arrivals, ends))
    planned = int(window.holds(entered).sum())
    return dataclasses.replace(
        GOOD,
        planned=planned,
        sent=planned,
        completed=int(window.holds(left).sum()),
        backlog_slope_per_s=slope(window, entered, left),
        end_to_end_mean_ms=seconds * 1000,
    )


@pytest.mark.parametrize("rate", [5, 50, 500])
@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.3])
def test_chance_alone_seldom_fails_a_queue_that_keeps_up(rate: float, seconds: float) -> None:
    """The allowances are those of the tasks in flight: a perfect queue passes nearly always."""
    rng = np.random.default_rng(1)
    passed = [judge(simulated(rng, rate, seconds), Rules()).verdict == "pass" for _ in range(200)]
    assert sum(passed) >= 0.92 * len(passed)


def test_a_queue_that_falls_short_by_percents_is_not_forgiven() -> None:
    """The root of all arrivals would allow 141 missing ones of 5000; the edges allow 20."""
    short = dataclasses.replace(GOOD, completed=4900, end_to_end_mean_ms=20)
    assert judge(short, Rules()).verdict == "fail"
    close = dataclasses.replace(GOOD, completed=4935, end_to_end_mean_ms=20)
    assert judge(close, Rules()).verdict == "pass"


def test_workers_that_look_now_and_then_are_not_blamed_for_what_they_have_not_seen() -> None:
    """With 60 ms in the system, the depth at each edge is anything up to sixty."""
    behind = dataclasses.replace(GOOD, completed=4900, end_to_end_mean_ms=60)
    assert judge(behind, Rules()).verdict == "pass"
    short = dataclasses.replace(GOOD, completed=4880, end_to_end_mean_ms=60)
    assert judge(short, Rules()).verdict == "fail"


def test_an_overloaded_queue_gets_no_allowance_for_its_long_waits() -> None:
    """Tasks that wait for half a second are a backlog, and no sawtooth."""
    overloaded = dataclasses.replace(GOOD, completed=4870, end_to_end_mean_ms=450)
    assert judge(overloaded, Rules()).verdict == "fail"


def test_a_step_that_passes_though_its_generator_was_strained_has_passed() -> None:
    """A weak generator only makes a queue look worse; what strained it is kept all the same."""
    facts = dataclasses.replace(
        GOOD,
        send_lag_p99_ms=60,
        loop_lag_p99_ms=12,
        cpu_share_max=0.9,
        steal_share=0.03,
        null_rate=1000,
    )
    judgement = judge(facts, Rules())
    assert judgement.verdict == "pass"
    assert [reason.split(":")[0] for reason in judgement.generator_reasons] == [
        "Enqueues were begun late",
        "The generator's event loop lagged",
        "A generator process used much of its core",
        "The hypervisor took CPU time away",
        "The generator has little to spare",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cpu_share_max": 0.95}, "no core left"),
        ({"loop_lag_p99_ms": 80.0}, "event loop was blocked"),
        ({"loop_lag_p99_ms": 80.0, "idle_share": None}, "event loop was blocked"),
        ({"users": 1, "service_mean_ms": 1.9}, "too few of them"),
        ({"users": 1, "service_mean_ms": 1.9, "usual_service_ms": None}, "too few of them"),
        ({"null_rate": 450.0}, "even if the queue costs nothing"),
    ],
)
def test_a_generator_at_its_own_end_is_the_limit(change: dict[str, Any], words: str) -> None:
    """Sends were late, the queue ended all that was sent, and the generator could do no more."""
    judgement = judge(dataclasses.replace(LATE, **change), Rules())
    assert judgement.verdict == "generator_limited"
    assert judgement.generator_is_limit
    assert words in judgement.reasons[-1]


@pytest.mark.parametrize(
    "change",
    [
        # Nothing of the generator was at its end.
        {},
        # All senders wait for enqueues that have become slow: the database is saturated.
        {"users": 8, "service_mean_ms": 16.0},
        # The same without a usual time, and slower than the rules allow.
        {"users": 256, "service_mean_ms": 510.0, "usual_service_ms": None},
        # The machine is full: the loop lags as everything does.
        {"loop_lag_p99_ms": 80.0, "idle_share": 0.02},
        # One sender in a process: its loop has nothing else to do while it waits.
        {"loop_lag_p99_ms": 80.0, "users": 1, "processes": 8, "service_mean_ms": 15.0},
        # A process without a core left, beside a queue that did not keep up with what was sent.
        {"cpu_share_max": 0.95, "backlog_slope_per_s": 60.0},
        {"cpu_share_max": 0.95, "completed": 4500},
        # One that raised.
        {"cpu_share_max": 0.95, "errors": 50},
        # One that would have been too slow with sends in time.
        {"cpu_share_max": 0.95, "end_to_end_p99_ms": 1500.0},
        {"cpu_share_max": 0.95, "intended_p99_ms": 1200.0},
        # Sends that were in time.
        {"cpu_share_max": 0.95, "send_lag_p99_ms": 5.0, "intended_p99_ms": 9.0},
    ],
)
def test_a_queue_that_did_not_keep_up_is_not_excused(change: dict[str, Any]) -> None:
    """A saturated queue strains its generator: that alone makes no step generator limited."""
    judgement = judge(dataclasses.replace(LATE, **change), Rules())
    assert judgement.verdict == "fail"
    assert not judgement.generator_is_limit


def test_arrivals_that_were_never_sent_count_as_late() -> None:
    """A generator that leaves arrivals out has no lag to show for them."""
    facts = dataclasses.replace(
        GOOD, sent=4000, completed=3999, acknowledged=4000, cpu_share_max=0.97
    )
    assert judge(facts, Rules()).verdict == "generator_limited"


@pytest.mark.parametrize(
    ("taker", "much", "little"), [("steal_share", 0.2, 0.04), ("foreign_share", 0.5, 0.2)]
)
def test_time_that_others_took_voids_a_failure_and_never_a_pass(
    taker: str, much: float, little: float
) -> None:
    """The neighbour may have failed the step; a pass in spite of it stands."""
    taken: dict[str, Any] = {taker: much}
    failed = dataclasses.replace(GOOD, backlog_slope_per_s=60.0, **taken)
    judgement = judge(failed, Rules())
    assert judgement.verdict == "generator_limited"
    assert judgement.reasons[-1].startswith("Others had so much of the CPU")
    assert judge(dataclasses.replace(GOOD, **taken), Rules()).verdict == "pass"
    slightly: dict[str, Any] = {taker: little}
    judgement = judge(dataclasses.replace(failed, **slightly), Rules())
    assert judgement.verdict == "fail"
    assert judgement.generator_reasons


def test_what_could_not_be_measured_fails_no_gate() -> None:
    """A host that does not tell steal, idle time or lag leaves these gates open."""
    facts = dataclasses.replace(
        GOOD,
        steal_share=None,
        loop_lag_p99_ms=None,
        send_lag_p99_ms=None,
        null_rate=None,
        idle_share=None,
        service_mean_ms=None,
        end_to_end_mean_ms=None,
    )
    judgement = judge(facts, Rules(), Gate())
    assert (judgement.verdict, judgement.generator_reasons) == ("pass", ())


def test_the_facts_of_a_stored_step_are_judged_as_when_it_was_measured() -> None:
    """A stored step can be judged again, by other rules."""
    facts = facts_of(step(), null_rate=5000, usual_service_ms=1.0)
    assert judge(facts, Rules()).verdict == "pass"
    assert judge(facts, Rules(end_to_end_p99_ms=10)).verdict == "fail"
    empty = facts_of(dataclasses.replace(step(), latency={}))
    assert empty.end_to_end_p99_ms is None
    assert judge(empty, Rules()).verdict == "fail"
