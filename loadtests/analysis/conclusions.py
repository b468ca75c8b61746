"""Names what a finished search has found, and never more than its trials support."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from loadtests.analysis.standings import Bracket, Standings, bracket_of, contradictions

if TYPE_CHECKING:
    from reports.load_schema import KneeStatus


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The status of a knee and its ends, with a sentence if it is not simply a bracket."""

    status: KneeStatus
    low: float | None
    high: float | None
    note: str = ""


def conclude(
    standings: Standings, contradicting_share: float, max_rate: float, *, is_cut: bool
) -> Conclusion:
    """Conclude from all trials; ``is_cut`` tells that the search stopped before it was done."""
    bracket = bracket_of(standings)
    status, note = _status(bracket, max_rate)
    trials = sum(each.tried for each in standings.values())
    share = contradictions(standings, bracket)
    if is_cut:
        status = "unstable"
        note = f"The search stopped after {trials} trials, before both ends were confirmed."
    elif share > contradicting_share:
        status = "unstable"
        note = f"Of the trials that were judged, {share:.0%} contradict the bracket."
    low, barrier = bracket.low, bracket.barrier
    return Conclusion(
        status=status,
        low=None if low is None else low.rate,
        high=barrier.rate if barrier is not None and barrier.belief == "fails" else None,
        note=note,
    )


def _status(bracket: Bracket, max_rate: float) -> tuple[KneeStatus, str]:
    low, barrier = bracket.low, bracket.barrier
    if barrier is None:
        return "not_reached", f"The highest rate of the profile, {max_rate:g}/s, passed."
    if barrier.belief == "limited":
        return "generator_limited", (
            f"At {barrier.rate:g}/s the load generator was the limit: the queue may sustain more."
        )
    if low is None:
        return "below_range", f"Even the lowest rate that was tried, {barrier.rate:g}/s, failed."
    return "bracketed", ""
