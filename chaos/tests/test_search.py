"""What a search says of all its swarms together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from chaos.exploration.outcome import Outcome, doubts, verdict_of
from chaos.exploration.search import Search
from chaos.plan import Plan
from chaos.scenarios import SCENARIOS
from chaos.session import RunFailed
from engine.command_line import UsageError
from engine.subjects import BackgroundTask
from reports.schema import CheckResult, Counts, Results, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def search(folder: Path, carry_out: Callable[[Plan, Path], Results], own: str = "poison") -> Search:
    """A search on SQLite whose runs are made up."""
    return Search(
        scenarios=[SCENARIOS["poison"]],
        own=[SCENARIOS[own]],
        database=cast("Any", SimpleNamespace(name="sqlite")),
        subject=BackgroundTask(),
        folder=folder,
        carry_out=carry_out,
        deadline=0.0,
        on_step=lambda _: None,
    )


def begin(folder: Path, error: BaseException) -> Results:
    """Begin to store a run, and come to no end."""
    folder.mkdir(parents=True)
    raise error


def test_of_a_swarm_that_was_interrupted_nothing_is_kept(tmp_path: Path) -> None:
    """It has no verdict, so nobody would miss it."""
    interrupted = search(tmp_path, lambda _, folder: begin(folder, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        list(interrupted.run(7))
    assert not list(tmp_path.iterdir())


def test_of_a_swarm_that_could_not_be_carried_out_all_is_kept(tmp_path: Path) -> None:
    """What it says of why is in there."""
    failed = search(tmp_path, lambda _, folder: begin(folder, RunFailed("see there")))
    with pytest.raises(RunFailed):
        list(failed.run(7))
    assert (tmp_path / "seed7-sqlite" / "original").exists()


def test_scenarios_of_ones_own_that_have_nothing_to_do_are_told(tmp_path: Path) -> None:
    """A swarm without them would seem to have tested them."""
    idle = search(tmp_path, lambda _, folder: begin(folder, KeyboardInterrupt()), own="locks")
    with pytest.raises(UsageError, match="SQLite locks neither rows nor tables"):
        list(idle.run(7))


def test_doubts_are_the_reasons_of_checks_that_a_run_must_pass() -> None:
    """Others that had nothing to look at need not be told."""
    missed = CheckResult(name="stats", verdict=Verdict.UNKNOWN, exercised=0, note="it never landed")
    idle = CheckResult(
        name="leak", verdict=Verdict.UNKNOWN, exercised=0, note="nothing", is_required=False
    )
    fine = CheckResult(name="lost", verdict=Verdict.VALID, exercised=1, note="all is well")
    results = Results(verdict=Verdict.UNKNOWN, counts=Counts(), checks=(missed, idle, fine))
    assert doubts(results) == ("it never landed",)
