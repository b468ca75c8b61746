"""How far an answer can be trusted: a list of checks, each of which held, failed or is unknown.

The level follows from the list by a rule that the report prints; nobody chooses it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.load_schema import Knee, Ratio, Repeat
    from reports.throughput.cases import Case
    from reports.throughput.forecast import Forecast

Level = Literal["high", "medium", "low"]

CONTROL: Final = "A/A"
"""The name of the ratio that compares the control with itself."""
LITTLE_MOST: Final = 0.10
"""Little's law may miss by this share before a step counts as inconsistent."""
NULL_FACTOR: Final = 3.0
"""The generator alone has to manage this many times the highest rate that was judged."""
REPEATS_LEAST: Final = 2
"""An end of a bracket is confirmed by this many repeats that agree in most cases."""
FAILS_MOST: Final = 2
"""More failed checks than this make the confidence low."""
_CRITICAL: Final = ("bracketed", "complete", "generator")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question about the measurement.

    Attributes:
        holds: None if the run does not tell.
        value: the number that was judged, where there is one; ``limit`` is what it was held to.
    """

    name: str
    holds: bool | None
    value: float | None = None
    limit: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """The level and the checks that it follows from."""

    level: Level
    checks: tuple[Check, ...]


def judge(case: Case, forecast: Forecast | None) -> Confidence:
    """Judge the measurement of one case, as an answer for the machine of the forecast."""
    checks = (
        Check(name="bracketed", holds=case.knee is not None and case.knee.status == "bracketed"),
        _confirmed(case.knee),
        Check(name="held", holds=case.knee.hold_passed if case.knee else None),
        _generator(case),
        _calibration(case),
        _control(case),
        _stable(case),
        _little(case),
        Check(name="complete", holds=not case.run.is_partial),
        Check(name="same_machine", holds=is_same_machine(case, forecast)),
    )
    return Confidence(level=_level(checks), checks=checks)


def is_same_machine(case: Case, forecast: Forecast | None) -> bool | None:
    """Whether it was measured where it will run, if the forecast says where that is."""
    if forecast is None or not forecast.machine:
        return None
    own = f"{case.machine.label} {case.machine.cpu_model}"
    return forecast.machine.casefold() in own.casefold()


def _level(checks: Sequence[Check]) -> Level:
    failed = [check for check in checks if check.holds is False]
    if len(failed) > FAILS_MOST or any(check.name in _CRITICAL for check in failed):
        return "low"
    return "high" if all(check.holds for check in checks) else "medium"


def _confirmed(knee: Knee | None) -> Check:
    if knee is None or knee.low is None or knee.high is None:
        return Check(name="confirmed", holds=None)
    tried = {repeat.rate: repeat for repeat in knee.repeats}
    low, high = tried.get(knee.low), tried.get(knee.high)
    if low is None or high is None:
        return Check(name="confirmed", holds=False)
    ends = (_agrees(low, low.passed), _agrees(high, high.failed))
    fewest = min(low.passed + low.failed, high.passed + high.failed)
    return Check(name="confirmed", holds=all(ends), value=fewest, limit=REPEATS_LEAST)


def _agrees(repeat: Repeat, agreeing: int) -> bool:
    tries = repeat.passed + repeat.failed
    return tries >= REPEATS_LEAST and agreeing * 2 > tries


def _generator(case: Case) -> Check:
    limited = [s for s in case.curve() if s.generator.is_limit or s.verdict == "generator_limited"]
    return Check(name="generator", holds=not limited if case.curve() else None, value=len(limited))


def _calibration(case: Case) -> Check:
    rates = [calibration.null_rate for calibration in case.run.manifest.calibration]
    curve = case.curve()
    if not rates or not curve:
        return Check(name="calibration", holds=None)
    factor = min(rates) / max(step.offered_rate for step in curve)
    return Check(name="calibration", holds=factor >= NULL_FACTOR, value=factor, limit=NULL_FACTOR)


def ratios_of(case: Case) -> list[Ratio]:
    """Return the ratios of a case's own run that are about it."""
    return [ratio for ratio in case.run.findings.ratios if case.holds(ratio.target)]


def _control(case: Case) -> Check:
    controls = [ratio for ratio in ratios_of(case) if ratio.name == CONTROL]
    if not controls:
        return Check(name="control", holds=None)
    return Check(name="control", holds=all(r.claim == "no difference" for r in controls))


def _stable(case: Case) -> Check:
    own = ratios_of(case)
    if not own:
        return Check(name="stable", holds=None)
    withheld = [ratio for ratio in own if ratio.claim == "withheld"]
    return Check(name="stable", holds=not withheld, value=len(withheld))


def _little(case: Case) -> Check:
    low = case.knee.low if case.knee else None
    errors = [
        step.littles_law_error
        for step in case.curve()
        if step.littles_law_error is not None and step.offered_rate == low
    ]
    if not errors:
        return Check(name="little", holds=None)
    worst = max(errors)
    return Check(name="little", holds=worst <= LITTLE_MOST, value=worst, limit=LITTLE_MOST)
