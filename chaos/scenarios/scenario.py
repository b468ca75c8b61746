"""A scenario: a name, what it is about, and how a seed becomes its plan."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING

from chaos.faults import FAULTS
from chaos.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.plan import Call, Strike
    from engine.databases import Database
    from engine.subjects import Subject

Workload = tuple["list[Call]", "list[Strike]"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of run.

    Attributes:
        summary: one sentence for people.
        workload: makes the calls and the strikes from a random source.
        workers: how many workers are started, each with so many ``processes`` for tasks.
        timeout_seconds: how long an attempt may take; None for the subject's default.
        exercises: the properties that it sets out to put to the test, by the names of their
            anomalies; a run without an opportunity for one of them is UNKNOWN.
        is_smoke: whether it is among those that run when none is named.
    """

    name: str
    summary: str
    workload: Callable[[random.Random], Workload]
    workers: int = 2
    processes: int = 2
    timeout_seconds: float | None = None
    exercises: tuple[str, ...] = ()
    is_smoke: bool = False

    def plan(self, seed: int) -> Plan:
        """Return the plan of this seed; calls are in the order of their times."""
        rng = random.Random(f"{self.name}/{seed}")  # noqa: S311 - a plan is no secret
        calls, strikes = self.workload(rng)
        return Plan(
            scenario=self.name,
            seed=seed,
            workers=self.workers,
            processes=self.processes,
            calls=tuple(sorted(calls, key=lambda call: call.at_seconds)),
            strikes=tuple(strikes),
            timeout_seconds=self.timeout_seconds,
            exercises=self.exercises,
        )


def why_not(plan: Plan, database: Database, subject: Subject) -> str:
    """Say why a plan cannot be carried out there, in one sentence; empty if it can."""
    reasons = (FAULTS[strike.fault].unavailable(database, subject) for strike in plan.strikes)
    return next(filter(None, reasons), "")
