"""Judges a measured step by a profile's rules, and keeps what its verdict rests on in the step."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from loadtests.analysis.facts import facts_of
from loadtests.analysis.rules import Rules, judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadtests.plans import Rules as RulesPlan
    from reports.load_steps import Step


def judged(
    step: Step, plan: RulesPlan, *, null_rate: float, usual_service_ms: float | None
) -> Step:
    """Return the step with its verdict, its reasons, and what its generator is blamed for."""
    facts = facts_of(step, null_rate=null_rate, usual_service_ms=usual_service_ms)
    judgement = judge(facts, Rules(**dataclasses.asdict(plan)))
    generator = dataclasses.replace(
        step.generator,
        is_limit=judgement.generator_is_limit,
        reasons=judgement.generator_reasons,
    )
    return dataclasses.replace(
        step, verdict=judgement.verdict, reasons=judgement.reasons, generator=generator
    )


def usual_service_ms(steps: Iterable[Step]) -> float | None:
    """Return the mean time of an enqueue under a load that the queue kept up with."""
    means = [
        step.latency["service"].mean_ms
        for step in steps
        if step.verdict == "pass" and "service" in step.latency
    ]
    return min((mean for mean in means if mean is not None), default=None)
