"""All answers of a report: every case that was searched, the chosen one first."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, NoReturn

from reports.throughput.answer import answer, expected_peak
from reports.throughput.confidence import is_same_machine, judge
from reports.throughput.stored import BadLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.throughput.answer import Answer
    from reports.throughput.cases import Case
    from reports.throughput.confidence import Confidence
    from reports.throughput.forecast import Forecast


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer about one case and how far it can be trusted."""

    case: Case
    answer: Answer
    confidence: Confidence


def verdicts_of(cases: Sequence[Case], forecast: Forecast | None) -> list[Verdict]:
    """Answer every case that has a knee; raises BadLoadError if the chosen one is not there.

    Of several runs of the chosen case the one on the machine of the forecast, and of these the one
    with the lower capacity, comes first.
    """
    found = [_verdict(case, forecast) for case in _in_order(cases)]
    if forecast is None or not (forecast.contender or forecast.database):
        return found
    chosen = [verdict for verdict in found if _is_chosen(verdict.case, forecast)]
    if not chosen:
        _refuse(cases, forecast)
    first = min(chosen, key=lambda verdict: _weight(verdict, forecast))
    return [v for v in found if v is first] + [v for v in found if v is not first]


def _weight(verdict: Verdict, forecast: Forecast) -> tuple[bool, bool, float]:
    """Prefer the machine of the forecast, then a claimed capacity, then the lower one."""
    low = verdict.answer.low
    return (not is_same_machine(verdict.case, forecast), low is None, low or 0.0)


def _in_order(cases: Sequence[Case]) -> list[Case]:
    """Put the queue that was searched most often first, and queues in a database before others."""
    searched = [case for case in cases if case.knee is not None]
    often = Counter(case.contender for case in searched)
    return sorted(searched, key=lambda case: (case.database is None, -often[case.contender]))


def _verdict(case: Case, forecast: Forecast | None) -> Verdict:
    return Verdict(
        case=case,
        answer=answer(case.knee, forecast, _p99_at_peak(case, forecast)),
        confidence=judge(case, forecast),
    )


def _p99_at_peak(case: Case, forecast: Forecast | None) -> float | None:
    """Return what was measured at the rate nearest above the peak, or else nearest to it."""
    if forecast is None:
        return None
    peak = expected_peak(forecast)
    step = case.step_near(peak, at_least=True) or case.step_near(peak)
    latency = step.latency.get("end_to_end") if step else None
    return latency.p99_ms if latency else None


def _is_chosen(case: Case, forecast: Forecast) -> bool:
    return forecast.contender in {None, case.contender} and forecast.database in {
        None,
        case.database,
    }


def _refuse(cases: Sequence[Case], forecast: Forecast) -> NoReturn:
    wanted = " on ".join(filter(None, (forecast.contender, forecast.database)))
    there = sorted({" on ".join(filter(None, (c.contender, c.database))) for c in cases if c.knee})
    raise BadLoadError(
        f"The forecast asks for {wanted}, whose capacity none of the runs has: name one of "
        f"{', '.join(there) or 'nothing, as no run has a capacity'}, or run a profile on it."
    )
