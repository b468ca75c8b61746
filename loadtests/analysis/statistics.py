"""Compares two arms over interleaved pairs, and claims no more than the pairs bear.

The method is that of load.md 5.2: at least five pairs in an order that treats the arms alike, the
median of the ratios within pairs with a bootstrap interval, a control compared with itself, and
arms that vary too much withheld. Distributions of durations are merged, percentiles never are.
"""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from hdrh.histogram import HdrHistogram

from reports.load_schema import Ratio
from reports.load_steps import Latency

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.load_schema import Claim
    from reports.load_steps import Target

CONFIDENCE: Final = 95.0
MICROSECONDS: Final = 1000.0
DIGITS: Final = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """What a comparison needs to be claimed.

    Attributes:
        pairs: at least.
        spread: of each arm: its highest value by its lowest one, at most.
        resamples: of the bootstrap.
    """

    pairs: int = 5
    spread: float = 1.15
    resamples: int = 4000


def abba_order(arms: Sequence[str], blocks: int, seed: int) -> tuple[tuple[int, str], ...]:
    """Return (block, arm) in the order in which to run them; each block holds every arm once.

    Every second block turns the one before it around (ABBA), and each couple of blocks begins with
    a new shuffle: over an even number of blocks all arms have the same mean place, so a drift of
    the machine favours none. Over an odd number the last block is shuffled only.
    """
    rng = random.Random(f"abba/{seed}")  # noqa: S311 - an order is no secret
    order: list[tuple[int, str]] = []
    shuffled: list[str] = []
    for block in range(blocks):
        shuffled = shuffled[::-1] if block % 2 else rng.sample(list(arms), len(arms))
        order += [(block, arm) for arm in shuffled]
    return tuple(order)


def ratio(  # noqa: D417 - the rest are the fields of a Ratio
    name: str,
    metric: str,
    pairs: Sequence[tuple[float, float]],
    *,
    target: Target,
    before: str,
    after: str,
    control: Ratio | None = None,
    rule: ClaimRule | None = None,
    seed: int = 0,
    is_unsafe: bool = False,
) -> Ratio:
    """Compare the arms of pairs (control, treated), in the order in which these ran.

    Args:
        control: of the control with itself: no effect within its interval is claimed.
    """
    rule = rule or ClaimRule()
    ratios = tuple(round(treated / base, 6) for base, treated in pairs if base > 0)
    median, low, high = _interval(ratios, rule.resamples, seed)
    reason = _unfit(pairs, rule) or _unfit_control(control)
    claim: Claim = "withheld"
    if not reason and low is not None and high is not None:
        reason = _indistinct(low, high, control)
        claim = "no difference" if reason else "claimed"
    return Ratio(
        name=name,
        metric=metric,
        target=target,
        before=before,
        after=after,
        ratios=ratios,
        median=median,
        low=low,
        high=high,
        claim=claim,
        reason=reason,
        is_unsafe=is_unsafe,
    )


def merge(hdrs: Iterable[str]) -> Latency:
    """Return the distribution of all that was recorded in several encoded histograms."""
    histograms = [HdrHistogram.decode(hdr) for hdr in hdrs if hdr]
    if not histograms:
        return Latency(count=0)
    highest = max(histogram.highest_trackable_value for histogram in histograms)
    merged = HdrHistogram(1, highest, DIGITS)
    for histogram in histograms:
        merged.add(histogram)
    return _latency(merged, merged.encode().decode())


def latency_of(hdr: str) -> Latency:
    """Return the distribution in one encoded histogram of microseconds, in milliseconds."""
    return _latency(HdrHistogram.decode(hdr), hdr) if hdr else Latency(count=0)


def _latency(histogram: Any, hdr: str) -> Latency:
    if not histogram.get_total_count():
        return Latency(count=0, hdr=hdr)
    at = [
        round(histogram.get_value_at_percentile(percentile) / MICROSECONDS, 3)
        for percentile in (50, 90, 95, 99, 99.9)
    ]
    return Latency(
        count=histogram.get_total_count(),
        mean_ms=round(histogram.get_mean_value() / MICROSECONDS, 3),
        p50_ms=at[0],
        p90_ms=at[1],
        p95_ms=at[2],
        p99_ms=at[3],
        p999_ms=at[4],
        max_ms=round(histogram.get_max_value() / MICROSECONDS, 3),
        hdr=hdr,
    )


def _interval(
    ratios: Sequence[float], resamples: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    """Return the median and the ends of its percentile bootstrap interval.

    Of five ratios the interval is from the least to the largest, which holds the true median in
    94 of 100 cases. 95 % is nominal: a bootstrap of a median goes by whole ratios, and of seven
    the interval leaves out one at each end and holds the true median in 87 of 100 cases only.
    """
    if not ratios:
        return None, None, None
    drawn = np.random.default_rng(seed).choice(ratios, size=(resamples, len(ratios)))
    tail = (100.0 - CONFIDENCE) / 2
    low, high = np.percentile(np.median(drawn, axis=1), [tail, 100.0 - tail])
    return round(float(np.median(ratios)), 4), round(float(low), 4), round(float(high), 4)


def _unfit(pairs: Sequence[tuple[float, float]], rule: ClaimRule) -> str:
    """Say why the pairs allow no statement at all."""
    if len(pairs) < rule.pairs:
        return f"{len(pairs)} pairs are too few; {rule.pairs} are needed."
    for arm, values in (("control", [a for a, _ in pairs]), ("other arm", [b for _, b in pairs])):
        if min(values) <= 0:
            return f"A step of the {arm} has no value to compare."
        if max(values) > rule.spread * min(values):
            return (
                f"The {arm} is unstable: its highest value is {max(values) / min(values):.2f} "
                f"times its lowest one, above {rule.spread:g}."
            )
    return ""


def _unfit_control(control: Ratio | None) -> str:
    """Say why the control allows no statement: it must be stable and equal to itself."""
    if control is None or control.claim == "no difference":
        return ""
    if control.claim == "withheld":
        return f"The control could not be compared with itself: {control.reason}"
    return (
        f"The control differs from itself by a factor of {control.median}: something else than "
        "the arms decides."
    )


def _indistinct(low: float, high: float, control: Ratio | None) -> str:
    """Say why an interval is no effect."""
    if low <= 1.0 <= high:
        return "The interval holds 1."
    least, most = (control.low, control.high) if control is not None else (None, None)
    if least is not None and most is not None and low <= most and high >= least:
        return f"The interval reaches into that of the control with itself, {least:g} to {most:g}."
    return ""
