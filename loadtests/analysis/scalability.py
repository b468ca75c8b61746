"""Fits Gunther's Universal Scalability Law to throughput over the number of workers.

X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)): sigma is what is done one at a time, kappa
what workers cost one another. It describes the points that were measured; a peak outside of them
is not a prediction (load.md 2.2), so a peak is "observed" only within them, and only if kappa is
clear of 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from scipy.optimize import least_squares

from reports.load_schema import ScalabilityFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEWEST_POINTS: Final = 4
NAMES: Final = ("lambda", "sigma", "kappa")
TAILS: Final = (2.5, 97.5)
NEGLIGIBLE: Final = 0.01
"""A kappa that costs less than this share at the most workers is not told from 0."""


def fit(
    points: Sequence[tuple[float, float]], *, seed: int = 0, resamples: int = 400
) -> ScalabilityFit | None:
    """Fit (workers, tasks per second); None with fewer than four different numbers of workers."""
    if len({workers for workers, _ in points}) < FEWEST_POINTS:
        return None
    workers, rates = (np.array(values, dtype=float) for values in zip(*sorted(points), strict=True))
    if rates.min() <= 0:
        return None
    best = _solve(workers, rates)
    intervals = _intervals(workers, rates, best, seed, resamples)
    return ScalabilityFit(
        lambda_=round(float(best[0]), 4),
        sigma=round(float(best[1]), 6),
        kappa=round(float(best[2]), 8),
        r_squared=round(_r_squared(rates, law(workers, best)), 4),
        peak=_peak(workers, best, intervals["kappa"]),
        intervals=intervals,
        points=tuple(sorted((float(workers), float(rate)) for workers, rate in points)),
    )


def law(workers: Numbers, parameters: Numbers) -> Numbers:
    """Return the throughput at each number of workers."""
    each, sigma, kappa = parameters
    others = workers - 1
    return np.asarray(each * workers / (1 + sigma * others + kappa * workers * others))


def _solve(workers: Numbers, rates: Numbers) -> Numbers:
    """Return the least squares of the relative errors, with parameters of 0 or more.

    This is the solver below ``scipy.optimize.curve_fit`` with bounds; asked directly, it does not
    warn of a covariance that a kappa at its bound has not.
    """
    scale = float((rates / workers).max())

    def errors(scaled: Any) -> Numbers:
        return (law(workers, scaled * [scale, 1, 1]) - rates) / rates

    found = least_squares(errors, [1.0, 0.05, 0.001], bounds=(0, np.inf), x_scale=[1, 0.1, 0.01])
    return np.asarray(found.x * [scale, 1, 1])


def _intervals(
    workers: Numbers, rates: Numbers, best: Numbers, seed: int, resamples: int
) -> dict[str, tuple[float, float]]:
    """Return percentile intervals of a bootstrap of the relative residuals.

    Residuals of a fit are smaller than the errors were, the more so the fewer points there are,
    and are made larger accordingly.
    """
    fitted = law(workers, best)
    spare = len(rates) - len(NAMES)
    residuals = (rates / fitted - 1) * math.sqrt(len(rates) / spare)
    rng = np.random.default_rng(seed)
    drawn = rng.choice(residuals, size=(resamples, len(rates)))
    found = np.array([_solve(workers, fitted * np.clip(1 + row, 0.01, None)) for row in drawn])
    ends = np.percentile(found, TAILS, axis=0)
    return {name: (float(ends[0][i]), float(ends[1][i])) for i, name in enumerate(NAMES)}


def _peak(
    workers: Numbers, best: Numbers, kappa: tuple[float, float]
) -> Literal["observed", "not observed"]:
    most = float(workers.max())
    is_clear = kappa[0] * most * (most - 1) > NEGLIGIBLE
    if not is_clear or best[1] >= 1:
        return "not observed"
    peak = math.sqrt((1 - best[1]) / best[2])
    return "observed" if peak <= most else "not observed"


def _r_squared(rates: Numbers, fitted: Numbers) -> float:
    total = float(((rates - rates.mean()) ** 2).sum())
    return 1 - float(((rates - fitted) ** 2).sum()) / total if total else 0.0
