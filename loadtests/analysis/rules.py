"""Judges one step by the rules of the knee (load.md 2.1).

A rule compares counts, which are noisy even if a queue is perfect, so each has an allowance for
what chance alone does to a step that keeps up. The schedule's own noise is no part of it: the
arrivals that were in fact planned for the window are known and are what is compared with.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from loadtests.analysis.gate import Gate, ends, is_void, strains, was_late

if TYPE_CHECKING:
    from loadtests.analysis.facts import StepFacts
    from reports.load_steps import StepVerdict

LONGEST_PAUSE = 1 / 8
"""Of the rule for the end-to-end p99: half of the longest pause of workers that find nothing."""

DEVIATIONS = 2.0
"""Chance alone exceeds so many standard deviations in one direction in one step out of 44."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a rate must fulfil to pass.

    Attributes:
        goodput_share: bodies that end within the window, of the arrivals planned for it, at least.
        backlog_share: growth of the backlog per second, of the offered rate, at most.
        end_to_end_p99_ms: from the intended enqueue to the end of the body, at most.
        intended_p99_ms: from the intended enqueue to its reply, at most: what a web request that
            enqueues has to wait.
        error_share: enqueues that raise, of those sent, at most. There is no allowance: a queue
            that keeps up has no reason to refuse.
    """

    goodput_share: float = 0.99
    backlog_share: float = 0.005
    end_to_end_p99_ms: float = 500.0
    intended_p99_ms: float = 250.0
    error_share: float = 0.001


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is stored with a step.

    Attributes:
        reasons: one sentence for each rule that failed, and why if the generator set the pace.
        generator_is_limit: whether the generator set the pace.
        generator_reasons: one sentence for each gate that the generator failed.
    """

    verdict: StepVerdict
    reasons: tuple[str, ...]
    generator_is_limit: bool
    generator_reasons: tuple[str, ...]


def judge(facts: StepFacts, rules: Rules, gate: Gate | None = None) -> Judgement:
    """Judge a step; ``loadtests.analysis.gate`` says when the generator is to blame."""
    gate = gate or Gate()
    own = tuple(filter(None, (_errors(facts, rules), _backlog(facts, rules))))
    paced = tuple(filter(None, (_goodput(facts, rules), *_latencies(facts, rules))))
    slo_ms = rules.end_to_end_p99_ms
    blamed = _blamed(facts, rules, gate) if paced and not own else ()
    void = ("Others had so much of the CPU that the failure says nothing.",)
    blamed = void if is_void(facts, gate) and (own or paced) else blamed
    verdict: StepVerdict = "generator_limited" if blamed else "fail" if own or paced else "pass"
    return Judgement(
        verdict=verdict,
        reasons=(*own, *paced, *blamed),
        generator_is_limit=bool(blamed),
        generator_reasons=strains(facts, slo_ms, gate),
    )


def _blamed(facts: StepFacts, rules: Rules, gate: Gate) -> tuple[str, ...]:
    """Return why the generator set the pace; nothing if the queue did."""
    slo_ms = rules.end_to_end_p99_ms
    kept_up = facts.completed >= rules.goodput_share * facts.reached - _edge(facts, rules)
    lag_ms = facts.send_lag_p99_ms or 0.0
    # Percentiles do not add up exactly; p99 less p99 is close where one of both dominates.
    is_fast = (facts.end_to_end_p99_ms or 0.0) - lag_ms <= slo_ms
    is_quick = (facts.intended_p99_ms or 0.0) - lag_ms <= rules.intended_p99_ms
    if kept_up and is_fast and is_quick and was_late(facts, slo_ms, gate, rules.goodput_share):
        return ends(facts, slo_ms, gate)
    return ()


def _edge(facts: StepFacts, rules: Rules) -> float:
    """Return by how many tasks a queue that keeps up may differ from what arrived.

    It ends in the window what arrived in it, less the tasks in flight at its end, plus those at
    its begin: two depths, whose difference deviates by the root of twice their variance. That is
    far less than the root of all arrivals where tasks end quickly, which would forgive a queue
    that falls short by percents. One task is allowed since counts are whole.
    """
    return 1 + DEVIATIONS * math.sqrt(2 * _depth_variance(facts, rules))


def _depth_variance(facts: StepFacts, rules: Rules) -> float:
    """Return the variance of the number of tasks in flight in a queue that keeps up.

    Its mean is L = rate x time in the system (Little's law). Poisson arrivals make a variance of L
    (exact if bodies do not wait for one another); workers that look for work only now and then add
    a sawtooth from 0 to 2 L, with the variance (2 L)^2 / 12. Times above the rule do not widen it,
    and those of a queue that is overloaded make no sawtooth.
    """
    seconds = min(facts.end_to_end_mean_ms or 0.0, rules.end_to_end_p99_ms) / 1000
    pause_seconds = min(seconds, LONGEST_PAUSE * rules.end_to_end_p99_ms / 1000)
    return facts.offered_rate * seconds + (facts.offered_rate * pause_seconds) ** 2 / 3


def _goodput(facts: StepFacts, rules: Rules) -> str:
    least = rules.goodput_share * facts.planned - _edge(facts, rules)
    if facts.completed >= least:
        return ""
    return (
        f"{facts.completed} bodies ended of {facts.planned} planned; at least "
        f"{math.ceil(least)} were needed."
    )


def _backlog(facts: StepFacts, rules: Rules) -> str:
    most = rules.backlog_share * facts.offered_rate + _slope_noise(facts, rules)
    if facts.backlog_slope_per_s <= most:
        return ""
    return (
        f"The backlog grew by {facts.backlog_slope_per_s:.3g} tasks a second; at most {most:.3g} "
        "were allowed."
    )


def _slope_noise(facts: StepFacts, rules: Rules) -> float:
    """Return how steep chance alone makes a slope through a depth that does not grow.

    A line through one sample a second of T seconds, each of the variance V, has a slope whose
    standard deviation is the root of 12 V / T^3 (least squares; Theil-Sen is about as good).
    """
    variance = _depth_variance(facts, rules)
    return DEVIATIONS * math.sqrt(12 * variance / facts.window_seconds**3)


def _latencies(facts: StepFacts, rules: Rules) -> tuple[str, ...]:
    return (
        _slow("Bodies ended", facts.end_to_end_p99_ms, rules.end_to_end_p99_ms),
        _slow("Enqueues returned", facts.intended_p99_ms, rules.intended_p99_ms),
    )


def _slow(what: str, p99_ms: float | None, limit_ms: float) -> str:
    if p99_ms is None:
        return f"{what} too rarely for a p99."
    if p99_ms <= limit_ms:
        return ""
    return f"{what} {p99_ms:.4g} ms after the intended time at p99, above {limit_ms:g} ms."


def _errors(facts: StepFacts, rules: Rules) -> str:
    if facts.errors <= rules.error_share * facts.sent:
        return ""
    return f"{facts.errors} of {facts.sent} enqueues raised, above {rules.error_share:.2%}."
