"""What would change an answer: in the forecast, in the settings, in the measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.answer import STAY_FROM, TUNE_FROM, expected_peak
from reports.throughput.confidence import CONTROL, ratios_of
from reports.throughput.pieces import say, stored
from reports.throughput.quantities import milliseconds, rate, ratio, several
from reports.throughput.wording import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.load_schema import Ratio
    from reports.throughput.answer import Answer
    from reports.throughput.cases import Case
    from reports.throughput.forecast import Forecast
    from reports.throughput.pieces import Piece
    from reports.throughput.verdicts import Verdict


def what_would_change(
    verdict: Verdict, cases: Sequence[Case], forecast: Forecast | None
) -> Iterator[Piece]:
    """Yield one sentence for each thing that would."""
    answer = verdict.answer
    if forecast is not None and answer.low is not None:
        yield from _by_peak(answer, forecast)
    yield from _by_capacity(verdict, forecast)
    yield from _by_flips(verdict.case, answer)
    yield from _by_rivals(verdict.case, cases)
    yield from _by_needs(answer)


def _by_peak(answer: Answer, forecast: Forecast) -> Iterator[Piece]:
    peak, limits = expected_peak(forecast), answer.limits
    if answer.status == "unstable" or limits.stay_below is None or limits.tune_below is None:
        return
    if peak <= limits.stay_below:
        yield say(
            "A forecast peak above {limit} tasks per second, {factor} times the present forecast, "
            "makes it tune; above {further} it is move, or shard.",
            limit=rate(limits.stay_below),
            factor=ratio(limits.stay_below / peak),
            further=rate(limits.tune_below),
        )
    else:
        yield say(
            "A forecast peak below {limit} tasks per second, {factor} times the present forecast, "
            "makes it stay.",
            limit=rate(limits.stay_below),
            factor=ratio(limits.stay_below / peak),
        )


def _by_capacity(verdict: Verdict, forecast: Forecast | None) -> Iterator[Piece]:
    answer = verdict.answer
    if answer.is_at_least:
        yield say(
            "The capacity was not reached: a profile with a higher end can only make this better."
        )
    if forecast is None or answer.low is None or answer.decision in {"stay", "undecided"}:
        return
    needed = expected_peak(forecast) * STAY_FROM
    yield say(
        "To stay with this forecast it has to hold {needed} tasks per second, {factor} times what "
        "it holds.",
        needed=rate(needed),
        factor=ratio(needed / answer.low),
    )


def _by_flips(case: Case, answer: Answer) -> Iterator[Piece]:
    """Name the best safe setting; what it would give is said to be computed."""
    better = [r for r in ratios_of(case) if _is_safe_gain(r)]
    best = max(better, key=lambda r: r.median or 0.0, default=None)
    if best is None or best.median is None:
        return
    yield say(
        "The best safe setting that was tried is {knob} ({before}, then {after}): {factor} times "
        "the {metric}{gives}.",
        knob=words(best.name),
        before=stored(best.before),
        after=stored(best.after),
        factor=ratio(best.median),
        metric=words(best.metric),
        gives=""
        if answer.low is None
        else say(
            ", which would be about {computed} tasks per second (computed, not measured)",
            computed=rate(answer.low * best.median),
        ),
    )


def _is_safe_gain(found: Ratio) -> bool:
    is_knob = found.name not in {CONTROL, found.target.contender}
    return is_knob and found.claim == "claimed" and not found.is_unsafe and (found.median or 0) > 1


def _by_rivals(case: Case, cases: Sequence[Case]) -> Iterator[Piece]:
    """Say whether another queue was faster on the same machine under the same profile."""
    same = [
        ratio_
        for run in {id(c.run): c.run for c in cases if _is_beside(c, case)}.values()
        for ratio_ in run.findings.ratios
        if ratio_.name == ratio_.target.contender and ratio_.metric == "goodput"
    ]
    if not same:
        return
    faster = [r for r in same if r.claim == "claimed" and (r.median or 0.0) > 1]
    if not faster:
        yield say(
            "Of {n} compared on this machine none is claimed to be faster: moving to one of "
            "them would not raise the capacity.",
            n=several(len(same), "other queue", "other queues"),
        )
        return
    best = max(faster, key=lambda r: r.median or 0.0)
    yield say(
        "Moving to {name} would raise the capacity by a factor of {factor} (interval {low} to "
        "{high}) on this machine{enough}.",
        name=stored(best.name),
        factor=ratio(best.median),
        low=ratio(best.low),
        high=ratio(best.high),
        enough="" if (best.low or 0.0) >= TUNE_FROM else ", which may not be worth a move",
    )


def _is_beside(other: Case, case: Case) -> bool:
    digests = {other.run.manifest.profile_digest, case.run.manifest.profile_digest}
    return other.machine == case.machine and len(digests) == 1


def _by_needs(answer: Answer) -> Iterator[Piece]:
    if answer.needed_p99_ms is not None and answer.p99_ms is not None:
        yield say(
            "A need for a p99 below {measured} would not be met at this rate.",
            measured=milliseconds(answer.p99_ms),
        )
    if answer.is_atomic_needed:
        yield say("If an enqueue need not be atomic with the data, a broker needs no outbox.")
