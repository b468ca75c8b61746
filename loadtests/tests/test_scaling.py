"""What more workers bring is measured above the knee, and fitted if there is enough of it."""

from __future__ import annotations

import dataclasses

from loadtests.experiments.scaling import PHASE, WORKERS, scale_fit, scale_plans
from loadtests.plans import FlipPlan
from loadtests.profile import KneeProfile
from loadtests.tests.test_analysis_steps import knee, step

PROFILE = KneeProfile(name="tiny", flips=FlipPlan(knobs=("durability",)))


def test_each_number_of_workers_has_one_step_above_the_knee() -> None:
    """The load is the same for all, and more than the queue took."""
    found = knee()
    plans = list(scale_plans(PROFILE, found, seed=1))

    assert [plan.workers for plan in plans] == list(WORKERS)
    assert len({plan.arrivals for plan in plans}) == 1
    assert plans[0].arrivals.pieces[0][1] > (found.high or 0)


def test_nothing_is_measured_where_nothing_saturated_or_nothing_is_flipped() -> None:
    """There is no load above a knee that was not reached; a coarse profile has no time for it."""
    unreached = dataclasses.replace(knee(), high=None)

    assert not list(scale_plans(PROFILE, unreached, seed=1))
    assert not list(scale_plans(KneeProfile(name="coarse"), knee(), seed=1))


def test_a_queue_that_gets_worse_with_more_workers_has_a_peak() -> None:
    """The points are made by the law itself, so the fit must find it again."""
    points = {n: 100 * n / (1 + 0.05 * (n - 1) + 0.04 * n * (n - 1)) for n in (1, 2, 4, 6, 8, 12)}
    steps = [step(phase=PHASE, arm=str(n), goodput=rate) for n, rate in points.items()]

    found = scale_fit(steps, seed=1)

    assert found is not None
    assert found.peak == "observed"
    assert abs(found.kappa - 0.04) < 0.01


def test_too_few_numbers_of_workers_give_no_fit() -> None:
    """Three points fit any curve of three parameters."""
    steps = [step(phase=PHASE, arm=str(n), goodput=100.0 * n) for n in (1, 2, 3)]

    assert scale_fit(steps, seed=1) is None
