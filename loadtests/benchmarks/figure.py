"""A figure: what was measured, how far it spreads, and whether a target is met.

The spread decides: a target within it is neither met nor missed.
"""

from __future__ import annotations

import dataclasses
import statistics
from typing import TYPE_CHECKING, Literal

from loadtests.analysis.statistics import ClaimRule, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.load_steps import Target

Verdict = Literal["met", "missed", "unclear", ""]

RULE = ClaimRule(spread=1.5)
"""As in a comparison of queues: blocks take seconds, and their rates vary."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a table.

    Attributes:
        value: the median of ``samples``; None if nothing could be measured.
        low: the lower end of its spread: of a ratio, of the bootstrap interval of its median;
            else the least sample. ``high`` likewise.
        target: what it is held against; None if it is only told.
        is_minimum: whether the target is to be reached, and not to be kept below.
        note: why it bears no verdict, or what has to be known of it.
    """

    label: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    samples: tuple[float, ...] = ()
    target: float | None = None
    is_minimum: bool = True
    note: str = ""
    bears_verdict: bool = True

    @property
    def verdict(self) -> Verdict:
        """Say whether the whole spread is on the right side of the target."""
        if self.target is None:
            return ""
        if self.low is None or self.high is None or not self.bears_verdict:
            return "unclear"
        worst, best = (self.low, self.high) if self.is_minimum else (-self.high, -self.low)
        wanted = self.target if self.is_minimum else -self.target
        if worst >= wanted:
            return "met"
        return "missed" if best < wanted else "unclear"


def figure_of(
    label: str,
    unit: str,
    samples: Sequence[float],
    *,
    target: float | None = None,
    is_minimum: bool = True,
    note: str = "",
) -> Figure:
    """Return the median of samples with the least and the largest of them.

    As many as the pairs of a comparison are needed for a verdict.
    """
    is_enough = len(samples) >= RULE.pairs
    too_few = f"{len(samples)} samples are too few; {RULE.pairs} are needed."
    return Figure(
        label=label,
        unit=unit,
        value=_rounded(statistics.median(samples)) if samples else None,
        low=_rounded(min(samples)) if samples else None,
        high=_rounded(max(samples)) if samples else None,
        samples=tuple(_rounded(sample) for sample in samples),
        target=target,
        is_minimum=is_minimum,
        note=note if is_enough or target is None else too_few,
        bears_verdict=is_enough,
    )


def ratio_of(
    label: str,
    pairs: Sequence[tuple[float, float]],
    *,
    of: Target,
    target: float | None,
    is_minimum: bool = True,
    seed: int = 0,
) -> Figure:
    """Return the median of the second by the first of each pair, as comparisons of queues do.

    Fewer pairs than five, or an arm that varies too much, bear no verdict.
    """
    found = ratio(label, "rate", pairs, target=of, before="", after="", rule=RULE, seed=seed)
    is_withheld = found.claim == "withheld"
    return Figure(
        label=label,
        unit="times",
        value=found.median,
        low=found.low,
        high=found.high,
        samples=tuple(found.ratios),
        target=target,
        is_minimum=is_minimum,
        note=found.reason if is_withheld else "",
        bears_verdict=not is_withheld,
    )


def _rounded(value: float) -> float:
    """Keep what a person reads: four digits that count, or whole numbers beyond."""
    return round(value) * 1.0 if abs(value) >= 1000 else float(f"{value:.4g}")  # noqa: PLR2004
