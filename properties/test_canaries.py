"""The canaries: for each checker a run that it has to name, through all that comes after a run."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from chaos.checkers import CHECKERS, Checker, analyse
from chaos.checkers.checker import Findings
from chaos.commands.recheck import RECHECK
from properties.canaries import CANARIES, Canary
from properties.healthy_run import CONTRACT, healthy_run
from properties.stored_histories import judge, store
from reports.schema import Verdict, read_results

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.history import History
    from engine.subjects.contract import Contract


def test_every_checker_has_a_canary() -> None:
    """Who adds a checker shows that it can be heard."""
    assert {canary.anomaly for canary in CANARIES} == {checker.name for checker in CHECKERS}


def test_the_run_that_canaries_are_let_into_is_healthy(tmp_path: Path) -> None:
    """So what is named of a canary was let in; and every checker had something to look at."""
    outcome = judge(store(tmp_path / "run", healthy_run(), CONTRACT))
    assert (outcome.exit_code, outcome.verdict, outcome.named) == (0, Verdict.VALID, frozenset())
    checks = analyse(healthy_run(), CONTRACT).checks
    unseen = {checker.name for checker in CHECKERS} - {check.name for check in checks}
    assert [check.name for check in checks if not check.exercised or check.note] == []
    # No contract but the one of its canary shows it.
    assert unseen == {"at-most-once-redelivery"}


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_canary_is_named(canary: Canary, tmp_path: Path) -> None:
    """From the files on disk to the report and the exit code."""
    outcome = judge(store(tmp_path / "run", canary.ops(), canary.contract))
    assert canary.anomaly in outcome.named
    assert outcome.verdict is canary.verdict
    assert outcome.exit_code == canary.verdict.exit_code


def test_what_is_named_is_stored_with_the_run(tmp_path: Path) -> None:
    """The results that later readers find are those that were told."""
    canary = CANARIES[0]
    run = store(tmp_path / "run", canary.ops(), canary.contract)
    options = RECHECK.parser().parse_args([str(run), "--write"])
    assert RECHECK.execute(options, Console(file=io.StringIO())) == 1
    stored = {check.name: check.verdict for check in read_results(run).checks}
    assert stored[canary.anomaly] is Verdict.INVALID


def test_a_checker_that_fell_silent_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its canary is no longer named, although the checker looks as busy as ever."""

    def see_nothing(_: History, __: Contract) -> Findings:
        return Findings(exercised=1)

    canary, silent = CANARIES[0], Checker(name="lost", opportunities="calls", find=see_nothing)
    others = [checker for checker in CHECKERS if checker.name != silent.name]
    monkeypatch.setattr(analyse, "__kwdefaults__", {**_defaults(), "checkers": [silent, *others]})
    outcome = judge(store(tmp_path / "run", canary.ops(), canary.contract))
    assert canary.anomaly not in outcome.named


def _defaults() -> dict[str, object]:
    return dict(analyse.__kwdefaults__ or {})
