"""Searches for the highest rate that a queue sustains: proposes trials and is told verdicts.

The search has no clock and measures nothing: told the same verdicts, it takes the same course, so
a run that was interrupted is resumed by telling it the stored ones. It never asks for more trials
than it was allowed, and a queue that does not saturate, or whose answers contradict each other,
gets no bracket.

The method is that of load.md 2.1: a geometric ramp until a rate fails, bisection, confirmation of
both ends in shuffled order, and a hold. That a failure is repeated before it is believed, is its
2.2: a strict ratio of noisy counts otherwise stops a ramp far too early.
"""

from __future__ import annotations

import dataclasses
import math
import random
from typing import TYPE_CHECKING, Final, NamedTuple

from loadtests.analysis.conclusions import Conclusion, conclude
from loadtests.analysis.standings import (
    Bracket,
    Phase,
    Standing,
    Standings,
    bracket_of,
    contradictions,
    unsettled,
)
from reports.load_schema import Knee

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from reports.load_steps import StepVerdict, Target

DOUBT: Final = 0.25
"""Of the contradictions that make a bracket unstable: from there on more trials are asked for."""

EXTRA: Final = 2
"""So many more at each end."""

READABLE: Final = 0.025
"""A rate is rounded to two digits if that moves it by no more than this share, else to three."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KneeSettings:
    """How the knee is looked for.

    Attributes:
        start_rate: of the first trial; each further one of the ramp is ``factor`` times higher.
        max_rate: the ramp ends there: the answer is then "not reached".
        floor_share: of ``start_rate``: how far below it is searched if it fails.
        width: a bracket is narrow enough when its high end is this share above its low one.
        repeats: trials at each end, at least; most of all trials at a rate decide.
        max_trials: in all, without the hold.
        hold_share: of the low end, for the hold; 0 for no hold.
        contradicting_share: of all trials: if more contradict the bracket, it is unstable.
    """

    start_rate: float = 100.0
    max_rate: float = 3000.0
    floor_share: float = 0.1
    factor: float = 1.5
    width: float = 0.12
    repeats: int = 3
    max_trials: int = 30
    hold_share: float = 0.8
    contradicting_share: float = 1 / 6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A step to measure.

    Attributes:
        number: 1 for the first trial of the search.
        repeat: 1 for the first trial of this rate.
    """

    number: int
    phase: Phase
    rate: float
    repeat: int

    @property
    def id(self) -> str:
        """A name that no other trial of this search has."""
        return f"{self.phase}-{self.number}"


class Answer(NamedTuple):
    """What came of a trial: the id of its step, and its verdict, which is not "measured"."""

    step: str
    verdict: StepVerdict


def drive(search: Generator[Trial, Answer, Knee], answer: Callable[[Trial], Answer]) -> Knee:
    """Give each trial's answer to a search, until it has found its knee."""
    try:
        trial = next(search)
        while True:
            trial = search.send(answer(trial))
    except StopIteration as end:
        knee = end.value
        assert isinstance(knee, Knee)  # noqa: S101 - the value of a generator is untyped
        return knee


def search(settings: KneeSettings, target: Target, seed: int) -> Generator[Trial, Answer, Knee]:
    """Yield trials, be sent their answers, and return the knee."""
    standings: Standings = {}
    number = 0
    while number < settings.max_trials:
        wanted = _wanted(settings, standings, _rng(seed, number))
        if wanted is None:
            break
        phase, rate = wanted
        number += 1
        before = standings.get(rate, Standing(rate=rate))
        answer = yield Trial(number=number, phase=phase, rate=rate, repeat=before.tried + 1)
        standings[rate] = before.after(_judged(answer), phase)
    is_cut = _needed(settings, standings, settings.repeats, _rng(seed, number)) is not None
    conclusion = conclude(standings, settings.contradicting_share, settings.max_rate, is_cut=is_cut)
    knee = _knee(target, standings, conclusion)
    return (yield from _hold(settings, knee, number + 1))


def _rng(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed}/{number}")  # noqa: S311 - the order of trials is no secret


def _judged(answer: Answer) -> StepVerdict:
    if answer.verdict == "measured":
        raise ValueError(f"step {answer.step} was measured and not judged: a search needs verdicts")
    return answer.verdict


def _hold(settings: KneeSettings, knee: Knee, number: int) -> Generator[Trial, Answer, Knee]:
    if knee.low is None or not settings.hold_share:
        return knee
    rate = _readable(knee.low * settings.hold_share, above=0.0, below=knee.low)
    answer = yield Trial(number=number, phase="hold", rate=rate or knee.low, repeat=1)
    verdict = _judged(answer)
    has_passed = None if verdict == "generator_limited" else verdict == "pass"
    return dataclasses.replace(knee, hold_step=answer.step, hold_passed=has_passed)


def _knee(target: Target, standings: Standings, conclusion: Conclusion) -> Knee:
    return Knee(
        target=target,
        status=conclusion.status,
        low=conclusion.low,
        high=conclusion.high,
        repeats=tuple(standings[rate].repeat() for rate in sorted(standings)),
        note=conclusion.note,
    )


def _wanted(
    settings: KneeSettings, standings: Standings, rng: random.Random
) -> tuple[Phase, float] | None:
    """Return what to try next; None if all is known.

    Three trials at each end alone would make a bracket of every second queue whose answers are
    drawn by lot, so a bracket that some trials contradict is asked for more.
    """
    needed = _needed(settings, standings, settings.repeats, rng)
    if needed is None and settings.repeats > 1:
        contradicting = contradictions(standings, bracket_of(standings))
        if contradicting > settings.contradicting_share * DOUBT:
            return _needed(settings, standings, settings.repeats + EXTRA, rng)
    return needed


def _needed(
    settings: KneeSettings, standings: Standings, repeats: int, rng: random.Random
) -> tuple[Phase, float] | None:
    doubtful = unsettled(standings)
    if doubtful is not None:
        return doubtful.phase, doubtful.rate
    bracket = bracket_of(standings)
    ramp = _ramp(settings, bracket)
    if ramp is not None:
        return "ramp", ramp
    middle = _middle(settings, bracket)
    if middle is not None:
        return "bisect", middle
    pending = _pending(repeats, bracket)
    return ("confirm", rng.choice(pending)) if pending else None


def _ramp(settings: KneeSettings, bracket: Bracket) -> float | None:
    """Return the next rate up while nothing fails, or down while nothing passes."""
    low, barrier = bracket.low, bracket.barrier
    if barrier is None:
        return settings.start_rate if low is None else _above(settings, low.rate)
    if low is None:
        return _below(settings, barrier.rate)
    return None


def _above(settings: KneeSettings, rate: float) -> float | None:
    if rate >= settings.max_rate:
        return None
    higher = _readable(rate * settings.factor, above=rate, below=settings.max_rate)
    return settings.max_rate if higher is None else higher


def _below(settings: KneeSettings, rate: float) -> float | None:
    floor = settings.start_rate * settings.floor_share
    if rate <= floor:
        return None
    lower = _readable(rate / settings.factor, above=floor, below=rate)
    return floor if lower is None else lower


def _middle(settings: KneeSettings, bracket: Bracket) -> float | None:
    low, barrier = bracket.low, bracket.barrier
    if low is None or barrier is None or barrier.rate <= low.rate * (1 + settings.width):
        return None
    return _readable(math.sqrt(low.rate * barrier.rate), above=low.rate, below=barrier.rate)


def _pending(repeats: int, bracket: Bracket) -> list[float]:
    """Return the ends of the bracket, each as often as it must still be tried.

    What was tried on the way counts towards ``repeats``; all but one of these must be trials of
    the confirmation itself, since the way stopped at this rate because of how those had come out.
    A rate at which the generator was the limit is not confirmed: it says nothing of the queue.
    """
    ends = [end for end in (bracket.low, bracket.barrier) if end and end.belief != "limited"]
    return [end.rate for end in ends for _ in range(_missing(repeats, end))]


def _missing(repeats: int, end: Standing) -> int:
    return max(repeats - 1 - end.confirmed, repeats - end.judged, 0)


def _readable(rate: float, *, above: float, below: float) -> float | None:
    """Round a rate to two digits, else three; None if that does not lie within the limits."""
    for digits, tolerance in ((2, READABLE), (3, 1.0)):
        rounded = float(f"{rate:.{digits}g}")
        if above < rounded < below and abs(rounded - rate) <= tolerance * rate:
            return rounded
    return None
