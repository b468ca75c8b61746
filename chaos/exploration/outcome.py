"""What became of a swarm, and what all of a search come to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chaos.plan import Plan
    from reports.schema import Results


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One swarm's run.

    Attributes:
        anomalies: the names of the forbidden anomalies that it had.
        doubts: why it is UNKNOWN, if it is: faults of a swarm may take each other's victims.
        folder: the stored run; a VALID one is not kept.
        smallest: the plan that it was reduced to; None if it was not INVALID.
        failed: how often the smallest plan failed likewise, of so many ``tries``.
    """

    seed: int
    plan: Plan
    verdict: Verdict
    anomalies: frozenset[str]
    doubts: tuple[str, ...] = ()
    folder: Path | None = None
    smallest: Plan | None = None
    failed: int = 0
    tries: int = 0


def forbidden(results: Results) -> frozenset[str]:
    """Return the names of the anomalies that the contract forbids and the run had."""
    return frozenset(check.name for check in results.checks if check.verdict is Verdict.INVALID)


def doubts(results: Results) -> tuple[str, ...]:
    """Return why the checks that a run must pass could not be made."""
    return tuple(
        check.note
        for check in results.checks
        if check.is_required and check.verdict is Verdict.UNKNOWN
    )


def verdict_of(outcomes: Sequence[Outcome]) -> Verdict:
    """Return what a search found: INVALID if anything, UNKNOWN if no swarm could be judged.

    Swarms are drawn by chance, and in some of them a fault finds no victim: that one proves
    nothing, and takes nothing away from what the others prove.
    """
    verdicts = {outcome.verdict for outcome in outcomes}
    if verdicts == {Verdict.VALID, Verdict.UNKNOWN}:
        return Verdict.VALID
    return Verdict.worst(verdicts)
