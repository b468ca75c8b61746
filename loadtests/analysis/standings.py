"""What the trials of a search say of each rate, and which bracket follows from that.

Everything is derived anew from the trials so far: the same answers always give the same bracket,
and a later answer may overturn an earlier belief.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, Literal

from reports.load_schema import Repeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.load_steps import StepVerdict

Phase = Literal["ramp", "bisect", "confirm", "hold"]
Belief = Literal["passes", "fails", "limited", "unknown"]

ENOUGH_LIMITED: Final = 2
"""A generator that was the limit so often at a rate, and mostly, will be it again."""

ENOUGH_FAILED: Final = 2
"""The first failure of a search may be an accident: it is repeated before it is believed."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The trials of one rate.

    Attributes:
        limited: trials that measured the generator; they speak neither for nor against the queue.
        confirmed: trials of the confirmation that passed or failed.
        phase: of the last trial.
    """

    rate: float
    passed: int = 0
    failed: int = 0
    limited: int = 0
    confirmed: int = 0
    phase: Phase = "ramp"

    @property
    def judged(self) -> int:
        """Trials that passed or failed."""
        return self.passed + self.failed

    @property
    def tried(self) -> int:
        """All trials."""
        return self.judged + self.limited

    @property
    def belief(self) -> Belief:
        """What most trials say."""
        if self.limited >= ENOUGH_LIMITED and self.limited > self.judged:
            return "limited"
        if self.passed == self.failed:
            return "unknown"
        return "passes" if self.passed > self.failed else "fails"

    def after(self, verdict: StepVerdict, phase: Phase) -> Standing:
        """Return the standing with one more trial."""
        is_judged = verdict != "generator_limited"
        return dataclasses.replace(
            self,
            passed=self.passed + (verdict == "pass"),
            failed=self.failed + (verdict == "fail"),
            limited=self.limited + (not is_judged),
            confirmed=self.confirmed + (is_judged and phase == "confirm"),
            phase=phase,
        )

    def repeat(self) -> Repeat:
        """Return it as it is stored."""
        return Repeat(
            rate=self.rate,
            passed=self.passed,
            failed=self.failed,
            generator_limited=self.limited,
        )


Standings = dict[float, Standing]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """The lowest rate that does not pass, and the highest below it that does."""

    low: Standing | None
    barrier: Standing | None


def bracket_of(standings: Mapping[float, Standing]) -> Bracket:
    """Find the bracket; a pass above a believed failure does not raise it."""
    barriers = [each for each in standings.values() if each.belief in {"fails", "limited"}]
    barrier = min(barriers, key=lambda each: each.rate, default=None)
    passing = [
        each
        for each in standings.values()
        if each.belief == "passes" and (barrier is None or each.rate < barrier.rate)
    ]
    return Bracket(low=max(passing, key=lambda each: each.rate, default=None), barrier=barrier)


def unsettled(standings: Mapping[float, Standing]) -> Standing | None:
    """Return a rate of which nothing is known yet, though it was tried."""
    failing = [each for each in standings.values() if each.belief in {"fails", "limited"}]
    for each in standings.values():
        is_first_failure = failing == [each] and each.judged and each.failed < ENOUGH_FAILED
        if each.belief == "unknown" or is_first_failure:
            return each
    return None


def contradictions(standings: Mapping[float, Standing], bracket: Bracket) -> float:
    """Return the share of judged trials that the bracket does not explain.

    Those are failures at its low end and below, and passes at its high end and above.
    """
    low, high = bracket.low, bracket.barrier
    against = 0
    for each in standings.values():
        if low is not None and each.rate <= low.rate:
            against += each.failed
        elif high is not None and high.belief == "fails" and each.rate >= high.rate:
            against += each.passed
    return against / max(1, sum(each.judged for each in standings.values()))
