"""A scenario: a name, what it is about, and how a seed becomes its plan."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING

from chaos.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.plan import Call, Kill

Workload = tuple["list[Call]", "list[Kill]"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of run.

    Attributes:
        summary: one sentence for people.
        workload: makes the calls and the kills from a random source.
    """

    name: str
    summary: str
    workers: int
    processes: int
    workload: Callable[[random.Random], Workload]

    def plan(self, seed: int) -> Plan:
        """Return the plan of this seed; calls are in the order of their times."""
        rng = random.Random(f"{self.name}/{seed}")  # noqa: S311 - a plan is no secret
        calls, kills = self.workload(rng)
        return Plan(
            scenario=self.name,
            seed=seed,
            workers=self.workers,
            processes=self.processes,
            calls=tuple(sorted(calls, key=lambda call: call.at_seconds)),
            kills=tuple(kills),
        )
