"""Measures what more workers bring, above the knee, for the fit of the scalability law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadtests.analysis.scalability import fit
from loadtests.experiments.flipping import OVERLOAD
from loadtests.measuring import StepPlan, steady

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadtests.profile import KneeProfile
    from reports.load_schema import Knee, ScalabilityFit
    from reports.load_steps import Step

PHASE: Final = "scale"
WORKERS: Final = (1, 2, 3, 4, 6)
"""Processes that run tasks: some fewer and some more than the cores of a small machine."""


def scale_plans(profile: KneeProfile, knee: Knee, seed: int) -> Iterator[StepPlan]:
    """Yield a step for each number of workers; none if nothing saturates or nothing is flipped."""
    flips = profile.flips
    if knee.high is None or not flips.knobs:
        return
    for workers in WORKERS:
        yield StepPlan(
            id=f"{PHASE}-{workers}",
            phase=PHASE,
            arrivals=steady(
                OVERLOAD * knee.high,
                profile.spacing,
                flips.warmup_seconds + flips.window_seconds,
            ),
            warmup_seconds=flips.warmup_seconds,
            window_seconds=flips.window_seconds,
            workload=profile.workload.to_document(),
            workers=workers,
            settings=profile.settings(),
            seed=seed,
            arm=str(workers),
        )


def scale_fit(steps: Sequence[Step], seed: int) -> ScalabilityFit | None:
    """Fit the law to goodput by workers; None if there are too few points or it does not fit."""
    points = [(float(step.arm), step.goodput) for step in steps if step.phase == PHASE]
    return fit(points, seed=seed)
