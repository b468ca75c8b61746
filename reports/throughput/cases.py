"""A case: one queue on one database in one run, with all that was stored about it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.throughput.comparability import machine_of
from reports.throughput.pieces import say, stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.load_schema import Bottleneck, Knee
    from reports.load_steps import Step, Target
    from reports.throughput.comparability import Machine
    from reports.throughput.pieces import Piece
    from reports.throughput.stored import LoadRun

SEARCH = ("ramp", "bisect", "confirm", "hold")
"""The phases whose steps are points of a curve over the offered rate."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What one run says of one contender on one database."""

    run: LoadRun
    machine: Machine
    contender: str
    database: str | None
    knee: Knee | None

    @property
    def title(self) -> Piece:
        """Its name in tables and beside figures."""
        return say_target(self.contender, self.database)

    def holds(self, target: Target) -> bool:
        """Whether a target is this one, whatever its knobs."""
        return (target.contender, target.database) == (self.contender, self.database)

    def steps(self, *phases: str) -> list[Step]:
        """Return its steps of these phases without knobs, in the order in which they ran."""
        return [
            step
            for step in self.run.steps
            if self.holds(step.target) and not step.target.knobs and step.phase in phases
        ]

    def curve(self) -> list[Step]:
        """Return the steps of the search for the knee, by their rate."""
        return sorted(self.steps(*SEARCH), key=lambda step: (step.offered_rate, step.order))

    def step_near(self, rate: float, *, at_least: bool = False) -> Step | None:
        """Return the step whose rate is nearest to one; passing steps win over failing ones."""
        steps = [s for s in self.curve() if not at_least or s.offered_rate >= rate]
        if not steps:
            return None
        return min(steps, key=lambda s: (abs(s.offered_rate - rate), s.verdict != "pass", s.order))

    def bottleneck(self) -> Bottleneck | None:
        """Return what the run found to limit it."""
        found = (b for b in self.run.findings.bottlenecks if self.holds(b.target))
        return next(found, None)


def say_target(contender: str, database: str | None) -> Piece:
    """Name a queue with its database, if it has one."""
    if database is None:
        return stored(contender)
    return say("{contender} on {database}", contender=stored(contender), database=stored(database))


def cases_of(runs: Iterable[LoadRun]) -> list[Case]:
    """Return every case of some runs, those with a knee first in each run."""
    return [case for run in runs for case in _cases(run)]


def _cases(run: LoadRun) -> list[Case]:
    knees = run.findings.knees
    targets = [knee.target for knee in knees] + [step.target for step in run.steps]
    names = dict.fromkeys((target.contender, target.database) for target in targets)
    return [
        Case(
            run=run,
            machine=machine_of(run),
            contender=contender,
            database=database,
            knee=_knee(knees, contender, database),
        )
        for contender, database in names
    ]


def _knee(knees: Sequence[Knee], contender: str, database: str | None) -> Knee | None:
    own = [k for k in knees if (k.target.contender, k.target.database) == (contender, database)]
    return min(own, key=lambda knee: len(knee.target.knobs), default=None)
