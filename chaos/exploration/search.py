"""Carries swarms out until time is up, and looks into those that came out INVALID.

What was found is stored with its original run, the smallest plan that still failed, and how often
that one failed of how many tries: a run with real processes cannot promise to fail again.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from typing import TYPE_CHECKING, Final

from chaos.exploration.outcome import Outcome, doubts, forbidden
from chaos.exploration.reduction import reduce_plan
from chaos.exploration.swarm import draw
from chaos.scenarios import why_not
from engine.command_line import UsageError
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chaos.plan import Plan
    from chaos.scenarios import Scenario
    from engine.databases import Database
    from engine.subjects import Subject
    from reports.schema import Results

TRIES_PER_CUT: Final = 2
TRIES_OF_THE_SMALLEST: Final = 5
REDUCTION_SHARE: Final = 0.5
"""How much of the time that is left may be spent on making one finding smaller."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search on one database.

    Attributes:
        own: scenarios of the user's, of which each swarm has one.
        carry_out: runs a plan and stores the run in a folder.
        deadline: when to stop, of ``time.monotonic``.
        on_step: is told in a few words what happens now.
    """

    scenarios: Sequence[Scenario]
    database: Database
    subject: Subject
    folder: Path
    carry_out: Callable[[Plan, Path], Results]
    deadline: float
    on_step: Callable[[str], None]
    own: Sequence[Scenario] = ()

    def run(self, first_seed: int) -> Iterator[Outcome]:
        """Yield the outcome of one swarm after the other; at least one is carried out.

        Raises:
            UsageError: none of the user's scenarios has anything to do on this database.
        """
        pieces = [each for each in self.scenarios if not self._why_not(each)]
        own = [each for each in self.own if not self._why_not(each)]
        if self.own and not own:
            reason = self._why_not(self.own[0])
            raise UsageError(f"none of the project's scenarios can be carried out: {reason}")
        seed = first_seed
        while seed == first_seed or time.monotonic() < self.deadline:
            yield self._explore(seed, draw(seed, pieces, own))
            seed += 1

    def _why_not(self, scenario: Scenario) -> str:
        return why_not(scenario.plan(0), self.database, self.subject)

    def _explore(self, seed: int, plan: Plan) -> Outcome:
        folder = self.folder / f"seed{seed}-{self.database.name}"
        self.on_step(f"seed {seed}: {', '.join(sorted({each.fault for each in plan.strikes}))}")
        try:
            results = self.carry_out(plan, folder / "original")
        except KeyboardInterrupt:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        outcome = Outcome(
            seed=seed,
            plan=plan,
            verdict=results.verdict,
            anomalies=forbidden(results),
            doubts=doubts(results),
            folder=folder / "original",
        )
        if results.verdict is Verdict.VALID:
            shutil.rmtree(folder)
            return dataclasses.replace(outcome, folder=None)
        return self._look_into(outcome, folder) if outcome.anomalies else outcome

    def _look_into(self, outcome: Outcome, folder: Path) -> Outcome:
        """Make the plan smaller, and count how often the smallest one fails."""
        left = self.deadline - time.monotonic()
        stop_at = time.monotonic() + max(0.0, left) * REDUCTION_SHARE
        runs = _Tries(self.carry_out, folder / "reduction", outcome.anomalies)

        def still_fails(plan: Plan) -> bool:
            self.on_step(f"seed {outcome.seed}: smaller, {len(plan.strikes)} faults and so on")
            return any(runs.fails(plan) for _ in range(TRIES_PER_CUT))

        kept = folder / "smallest"
        try:
            smallest = reduce_plan(
                outcome.plan, still_fails, may_go_on=lambda: time.monotonic() < stop_at
            )
            self.on_step(f"seed {outcome.seed}: how often does the smallest plan fail?")
            failures = [runs.fails(smallest, keep_as=kept) for _ in range(TRIES_OF_THE_SMALLEST)]
        finally:
            shutil.rmtree(folder / "reduction", ignore_errors=True)
        return dataclasses.replace(
            outcome, smallest=smallest, failed=sum(failures), tries=TRIES_OF_THE_SMALLEST
        )


class _Tries:
    """Runs plans again and again, and tells whether the same thing goes wrong."""

    def __init__(
        self, carry_out: Callable[[Plan, Path], Results], folder: Path, anomalies: frozenset[str]
    ) -> None:
        self._carry_out = carry_out
        self._folder = folder
        self._anomalies = anomalies
        self._number = 0

    def fails(self, plan: Plan, *, keep_as: Path | None = None) -> bool:
        """Run a plan once; tell whether it had one of the anomalies that are looked for.

        The run is kept where ``keep_as`` says, if it failed or nothing is there yet.
        """
        self._number += 1
        folder = self._folder / str(self._number)
        has_failed = bool(forbidden(self._carry_out(plan, folder)) & self._anomalies)
        if keep_as is not None and (has_failed or not keep_as.exists()):
            shutil.rmtree(keep_as, ignore_errors=True)
            folder.rename(keep_as)
        shutil.rmtree(folder, ignore_errors=True)
        return has_failed
