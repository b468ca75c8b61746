"""The fit of the Universal Scalability Law to queues whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest

from loadtests.analysis.scalability import fit, law

WORKERS = np.array([1.0, 2, 3, 4, 6, 8, 12, 16])
RETROGRADE = np.array([100.0, 0.05, 0.01])


def points(parameters: np.ndarray, noise: float = 0.0, seed: int = 0) -> list[tuple[float, float]]:
    """Return what a queue with these parameters does, with some noise."""
    errors = np.random.default_rng(seed).normal(1, noise, len(WORKERS))
    rates = law(WORKERS, parameters) * errors
    return [(float(n), float(rate)) for n, rate in zip(WORKERS, rates, strict=True)]


def test_known_parameters_are_found_again() -> None:
    """Without noise the fit is exact, and the peak lies within the points."""
    found = fit(points(RETROGRADE), resamples=20)
    assert found is not None
    assert (found.lambda_, found.sigma, found.kappa) == pytest.approx((100, 0.05, 0.01), rel=0.01)
    assert found.r_squared == pytest.approx(1)
    assert found.peak == "observed"
    assert len(found.points) == len(WORKERS)


def test_intervals_hold_the_parameters_of_a_noisy_queue_mostly() -> None:
    """With 3 % of noise most intervals of kappa hold the true one."""
    held = 0
    for seed in range(12):
        found = fit(points(RETROGRADE, 0.03, seed), seed=seed, resamples=60)
        assert found is not None
        low, high = found.intervals["kappa"]
        held += low <= 0.01 <= high
    assert held >= 9


def test_a_queue_that_only_flattens_has_no_peak() -> None:
    """A kappa that is not clear of 0 predicts no peak, however far away."""
    for seed in range(5):
        found = fit(points(np.array([100.0, 0.1, 0.0]), 0.02, seed), resamples=40)
        assert found is not None
        assert found.peak == "not observed"


def test_a_peak_beyond_the_points_is_not_observed() -> None:
    """What lies outside of the measured range is no observation."""
    found = fit(points(np.array([100.0, 0.01, 0.0015])), resamples=20)
    assert found is not None
    assert found.intervals["kappa"][0] > 0
    assert found.peak == "not observed"


def test_more_workers_that_only_harm_have_no_peak() -> None:
    """A queue that is worse with each further worker peaks before the first point."""
    found = fit(points(np.array([100.0, 1.5, 0.02])), resamples=20)
    assert found is not None
    assert found.sigma >= 1
    assert found.peak == "not observed"


def test_a_flat_queue_has_no_explained_variance() -> None:
    """All rates being the same leaves nothing to explain."""
    found = fit([(float(n), 100.0) for n in WORKERS], resamples=5)
    assert found is not None
    assert found.r_squared == 0


@pytest.mark.parametrize(
    "measured",
    [
        [],
        [(1.0, 100.0), (2.0, 180.0), (4.0, 300.0)],
        [(1.0, 100.0), (1.0, 101.0), (2.0, 180.0), (4.0, 300.0)],
        [(1.0, 100.0), (2.0, 180.0), (3.0, 0.0), (4.0, 300.0)],
    ],
)
def test_too_few_points_are_not_fitted(measured: list[tuple[float, float]]) -> None:
    """Three parameters need four different numbers of workers that all did something."""
    assert fit(measured) is None


def test_four_points_are_enough() -> None:
    """The fewest points give wide intervals and no error."""
    found = fit(points(RETROGRADE, 0.02)[:4], resamples=20)
    assert found is not None
    assert set(found.intervals) == {"lambda", "sigma", "kappa"}
