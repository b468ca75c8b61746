"""All that the sections of a report are computed from."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.throughput.cases import cases_of
from reports.throughput.comparability import comparable, machines_of, refusals
from reports.throughput.verdicts import verdicts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.throughput.cases import Case
    from reports.throughput.comparability import Machine, Refusal
    from reports.throughput.forecast import Forecast
    from reports.throughput.stored import LoadRun
    from reports.throughput.verdicts import Verdict


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The runs of a report, put in order.

    Attributes:
        groups: the runs that may be compared with one another, together.
        verdicts: the chosen one first.
    """

    runs: tuple[LoadRun, ...]
    groups: tuple[tuple[LoadRun, ...], ...]
    refusals: tuple[Refusal, ...]
    machines: tuple[Machine, ...]
    cases: tuple[Case, ...]
    verdicts: tuple[Verdict, ...]
    forecast: Forecast | None

    def searched(self) -> list[Case]:
        """Return the cases with a curve over the rate, those with an answer first."""
        answered = [verdict.case for verdict in self.verdicts]
        others = [case for case in self.cases if case not in answered]
        return [case for case in (*answered, *others) if case.curve()]


def arrange(runs: Sequence[LoadRun], forecast: Forecast | None) -> Context:
    """Put runs in order; raises BadLoadError if they cannot stand in one report."""
    groups = comparable(runs)
    cases = cases_of(runs)
    return Context(
        runs=tuple(runs),
        groups=tuple(tuple(group) for group in groups),
        refusals=tuple(refusals(groups)),
        machines=tuple(machines_of(runs)),
        cases=tuple(cases),
        verdicts=tuple(verdicts_of(cases, forecast)),
        forecast=forecast,
    )
