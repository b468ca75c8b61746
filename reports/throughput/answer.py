"""Stay, tune or move: the rule, applied to a bracket and a forecast. Pure: it reads no file.

Headroom is the low end of the bracket divided by the forecast peak, so an answer never leans on
a rate that was not held.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final, Literal

from reports.load_schema import KneeStatus  # noqa: TC001 - the schema is made from annotations

if TYPE_CHECKING:
    from reports.load_schema import Knee
    from reports.throughput.forecast import Forecast

STAY_FROM: Final = 2.0
"""With at least this headroom: stay."""
TUNE_FROM: Final = 1.2
"""With at least this and less than the other: tune. Below: move, or shard."""
FULL: Final = 1.0
"""With less than this the queue does not keep up at all."""
LONGEST_MONTHS: Final = 600
"""A crossing later than this is said not to come."""

Decision = Literal["stay", "tune", "move", "undecided", "open"]
Reason = Literal["headroom", "latency", "at_least", "at_most", "unstable", "no_knee", "no_forecast"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The rule turned round: up to which peak each answer holds.

    Attributes:
        stay_below: stay while the peak is at most this; None if no rate was held.
        tune_below: tune while it is at most this; above it, move or shard.
    """

    stay_below: float | None
    tune_below: float | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One growth of the forecast, followed to the horizon.

    Attributes:
        peak: tasks per second at the horizon, burst included.
        headroom: at the horizon; None if no rate was held.
        tune_month: the first month whose headroom is too small to stay; None if none comes.
        move_month: the first month whose headroom is too small to tune.
        full_month: the first month in which the queue does not keep up.
    """

    growth: str
    monthly: float
    peak: float
    headroom: float | None
    tune_month: int | None
    move_month: int | None
    full_month: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the rule says of one queue on one database.

    Attributes:
        decision: "open" without a forecast: then the limits are the answer.
        reason: what decided.
        status: of the bracket; ``low`` and ``high`` are its ends, ``low`` None if unstable.
        peak_now: the peak of today, burst included; None without a forecast.
        headroom_now: with the peak of today.
        headroom: what was judged: at the horizon, with the expected growth.
        is_at_least: the true headroom may be larger, as the capacity was not reached.
        p99_ms: measured end to end at the rate nearest above the forecast peak.
        needed_p99_ms: what the forecast asks for.
        is_atomic_needed: no broker can give that without an outbox.
    """

    decision: Decision
    reason: Reason
    status: KneeStatus | None
    low: float | None
    high: float | None
    limits: Limits
    peak_now: float | None = None
    headroom_now: float | None = None
    headroom: float | None = None
    is_at_least: bool = False
    outlooks: tuple[Outlook, ...] = ()
    p99_ms: float | None = None
    needed_p99_ms: float | None = None
    is_atomic_needed: bool = False


def answer(knee: Knee | None, forecast: Forecast | None, p99_ms: float | None) -> Answer:
    """Apply the rule; ``p99_ms`` is what was measured at the forecast peak."""
    is_claimed = knee is not None and knee.status != "unstable"
    low = knee.low if knee and is_claimed else None
    turned = Answer(
        decision="open",
        reason="no_forecast",
        status=knee.status if knee else None,
        low=low,
        high=knee.high if knee else None,
        limits=limits(low),
        is_at_least=knee is not None and knee.status in {"not_reached", "generator_limited"},
    )
    if knee is None:
        return dataclasses.replace(turned, decision="undecided", reason="no_knee")
    if forecast is None:
        return turned
    return _judge(_look_ahead(turned, forecast), forecast, p99_ms)


def limits(low: float | None) -> Limits:
    """Turn the rule round."""
    if low is None:
        return Limits(stay_below=None, tune_below=None)
    return Limits(stay_below=low / STAY_FROM, tune_below=low / TUNE_FROM)


def peak_at(forecast: Forecast, monthly: float, months: float) -> float:
    """Return the peak after some months of growth, burst included."""
    peak = forecast.peak_rate * forecast.burst_factor
    return float(peak * (1 + monthly) ** months)


def expected_peak(forecast: Forecast) -> float:
    """Return the forecast peak: at the horizon, with the expected growth, burst included."""
    return peak_at(forecast, forecast.growth.expected, forecast.horizon_months)


def first_month(low: float, peak: float, monthly: float, headroom: float) -> int | None:
    """Return the first month whose headroom is below a threshold; None if none comes."""
    if low / peak < headroom:
        return 0
    if monthly <= 0:
        return None
    months = math.log(low / peak / headroom) / math.log1p(monthly)
    month = math.floor(months + 1e-9) + 1
    return month if month <= LONGEST_MONTHS else None


def _look_ahead(turned: Answer, forecast: Forecast) -> Answer:
    now = peak_at(forecast, 0.0, 0)
    return dataclasses.replace(
        turned,
        peak_now=now,
        headroom_now=None if turned.low is None else turned.low / now,
        headroom=None if turned.low is None else turned.low / expected_peak(forecast),
        outlooks=tuple(
            _outlook(turned.low, forecast, name, monthly)
            for name, monthly in forecast.growth.named()
        ),
        needed_p99_ms=forecast.needed_p99_ms,
        is_atomic_needed=forecast.is_atomic,
    )


def _outlook(low: float | None, forecast: Forecast, name: str, monthly: float) -> Outlook:
    peak = peak_at(forecast, monthly, forecast.horizon_months)
    now = peak_at(forecast, 0.0, 0)
    months = [
        None if low is None else first_month(low, now, monthly, threshold)
        for threshold in (STAY_FROM, TUNE_FROM, FULL)
    ]
    return Outlook(
        growth=name,
        monthly=monthly,
        peak=peak,
        headroom=None if low is None else low / peak,
        tune_month=months[0],
        move_month=months[1],
        full_month=months[2],
    )


def _judge(ahead: Answer, forecast: Forecast, p99_ms: float | None) -> Answer:
    decision, reason = _by_headroom(ahead, expected_peak(forecast))
    needed = forecast.needed_p99_ms
    if decision == "stay" and needed is not None and p99_ms is not None and p99_ms > needed:
        decision, reason = "tune", "latency"
    return dataclasses.replace(ahead, decision=decision, reason=reason, p99_ms=p99_ms)


def _by_headroom(ahead: Answer, peak: float) -> tuple[Decision, Reason]:
    """Decide; a capacity that is known on one side only decides only what that side allows."""
    if ahead.status == "unstable":
        return "undecided", "unstable"
    if ahead.low is None:
        is_too_small = ahead.high is not None and ahead.high / peak < TUNE_FROM
        return ("move", "at_most") if is_too_small else ("undecided", "at_most")
    decision = by_ratio(ahead.low / peak)
    if ahead.is_at_least and decision != "stay":
        return "undecided", "at_least"
    return decision, "headroom"


def by_ratio(headroom: float) -> Literal["stay", "tune", "move"]:
    """Apply the two thresholds."""
    if headroom >= STAY_FROM:
        return "stay"
    return "tune" if headroom >= TUNE_FROM else "move"
