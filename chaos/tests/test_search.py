"""What a search says of all its swarms together."""

from __future__ import annotations

import pytest

from chaos.exploration.search import Outcome, doubts, verdict_of
from chaos.plan import Plan
from reports.schema import CheckResult, Counts, Results, Verdict

PLAN = Plan(scenario="swarm", seed=7, workers=1, processes=1, calls=(), strikes=())


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        ("VALID VALID", "VALID"),
        ("VALID UNKNOWN", "VALID"),
        ("UNKNOWN UNKNOWN", "UNKNOWN"),
        ("VALID UNKNOWN INVALID", "INVALID"),
        ("", "UNKNOWN"),
    ],
)
def test_a_swarm_that_proves_nothing_takes_nothing_away(verdicts: str, together: str) -> None:
    """But if none of them proves anything, nothing is known."""
    outcomes = [
        Outcome(seed=7, plan=PLAN, verdict=Verdict(each), anomalies=frozenset())
        for each in verdicts.split()
    ]
    assert verdict_of(outcomes) is Verdict(together)


def test_doubts_are_the_reasons_of_checks_that_a_run_must_pass() -> None:
    """Others that had nothing to look at need not be told."""
    missed = CheckResult(name="stats", verdict=Verdict.UNKNOWN, exercised=0, note="it never landed")
    idle = CheckResult(
        name="leak", verdict=Verdict.UNKNOWN, exercised=0, note="nothing", is_required=False
    )
    fine = CheckResult(name="lost", verdict=Verdict.VALID, exercised=1, note="all is well")
    results = Results(verdict=Verdict.UNKNOWN, counts=Counts(), checks=(missed, idle, fine))
    assert doubts(results) == ("it never landed",)
