"""How a quantity of a task is spread: constant, uniform, exponential, lognormal, or a choice.

Each is written as in a profile: a number, ``{low, high}``, ``{mean}``, ``{median, p95}`` or
``{values, weights}``; exponential and lognormal ones may have a ``maximum``, to which larger draws
are cut.
The same random numbers give the same draws on every version of Python. This module imports the
standard library only.
"""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import math
import operator
import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

_NORMAL = statistics.NormalDist()
_P95 = _NORMAL.inv_cdf(0.95)
# The inverse of the normal distribution has no value at 0, which random() may return.
_SMALLEST = 1e-12


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Always ``value``; written as a plain number."""

    value: float

    def draw(self, rng: random.Random) -> float:
        """Return the value."""
        del rng
        return self.value

    def mean(self) -> float:
        """Return the value."""
        return self.value

    def to_document(self) -> float:
        """Return the value: in a profile, a constant is a number."""
        return self.value


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Any value from ``low`` to ``high``, each as likely as the other."""

    low: float
    high: float

    def draw(self, rng: random.Random) -> float:
        """Return a value."""
        return self.low + (self.high - self.low) * rng.random()

    def mean(self) -> float:
        """Return the middle."""
        return (self.low + self.high) / 2

    def to_document(self) -> dict[str, Any]:
        """Return it as a profile writes it."""
        return {"low": self.low, "high": self.high}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """Mostly short, sometimes a few times ``mean`` (of what is not cut to ``maximum``)."""

    mean_value: float
    maximum: float | None = None

    def draw(self, rng: random.Random) -> float:
        """Return a value."""
        value = -self.mean_value * math.log(1.0 - rng.random())
        return _cut(value, self.maximum)

    def mean(self) -> float:
        """Return the mean of the draws, cut ones included."""
        if self.maximum is None or self.mean_value == 0:
            return self.mean_value
        return self.mean_value * -math.expm1(-self.maximum / self.mean_value)

    def to_document(self) -> dict[str, Any]:
        """Return it as a profile writes it."""
        return _without_none(mean=self.mean_value, maximum=self.maximum)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """Half of the values below ``median``, one in twenty above ``p95``, a long tail."""

    median: float
    p95: float
    maximum: float | None = None

    @property
    def _sigma(self) -> float:
        return math.log(self.p95 / self.median) / _P95

    def draw(self, rng: random.Random) -> float:
        """Return a value."""
        deviations = _NORMAL.inv_cdf(max(rng.random(), _SMALLEST))
        return _cut(self.median * math.exp(self._sigma * deviations), self.maximum)

    def mean(self) -> float:
        """Return the mean of the draws, cut ones included."""
        sigma = self._sigma
        whole = self.median * math.exp(sigma**2 / 2)
        if self.maximum is None or sigma == 0:
            return _cut(whole, self.maximum)
        limit = math.log(self.maximum / self.median) / sigma
        return whole * _NORMAL.cdf(limit - sigma) + self.maximum * (1 - _NORMAL.cdf(limit))

    def to_document(self) -> dict[str, Any]:
        """Return it as a profile writes it."""
        return _without_none(median=self.median, p95=self.p95, maximum=self.maximum)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of ``values``, as often as its weight says; () for equal weights."""

    values: tuple[float, ...]
    weights: tuple[float, ...] = ()
    _sums: tuple[float, ...] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weights = self.weights or (1.0,) * len(self.values)
        object.__setattr__(self, "_sums", tuple(itertools.accumulate(weights)))

    def draw(self, rng: random.Random) -> float:
        """Return one of the values."""
        return self.values[pick(self._sums, rng)]

    def mean(self) -> float:
        """Return the weighted mean of the values."""
        weights = self.weights or (1.0,) * len(self.values)
        return math.fsum(map(operator.mul, self.values, weights)) / self._sums[-1]

    def to_document(self) -> dict[str, Any]:
        """Return it as a profile writes it."""
        document: dict[str, Any] = {"values": list(self.values)}
        return document | ({"weights": list(self.weights)} if self.weights else {})


Distribution = Constant | Uniform | Exponential | Lognormal | Choice


def distribution(document: float | Mapping[str, Any]) -> Distribution:
    """Read what ``to_document`` returned; raises KeyError or TypeError."""
    if isinstance(document, int | float):
        return Constant(value=document)
    if "low" in document:
        return Uniform(low=document["low"], high=document["high"])
    if "mean" in document:
        return Exponential(mean_value=document["mean"], maximum=document.get("maximum"))
    if "values" in document:
        weights = tuple(document.get("weights", ()))
        return Choice(values=tuple(document["values"]), weights=weights)
    median, p95 = document["median"], document["p95"]
    return Lognormal(median=median, p95=p95, maximum=document.get("maximum"))


def pick(sums: tuple[float, ...], rng: random.Random) -> int:
    """Return the number of one of several things, given the running sums of their weights."""
    # A product that rounds up to the whole sum would be past the last thing.
    return min(bisect.bisect_right(sums, rng.random() * sums[-1]), len(sums) - 1)


def _cut(value: float, maximum: float | None) -> float:
    return value if maximum is None else min(value, maximum)


def _without_none(**entries: float | None) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value is not None}
