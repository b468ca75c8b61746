"""The frame of all checkers, and what the analysis adds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers import Checker, analyse
from chaos.checkers.checker import Findings
from chaos.counts import count
from chaos.history import History
from chaos.tests.judging import CONTRACT
from chaos.tests.script import good_run
from reports.schema import Verdict

if TYPE_CHECKING:
    from engine.subjects.contract import Contract


def crash(_: History, __: Contract) -> Findings:
    """Search in vain."""
    raise LookupError("nothing is there")


def see_nothing(_: History, __: Contract) -> Findings:
    """Find no opportunity."""
    return Findings(exercised=0)


def test_a_check_that_crashed_looked_at_nothing() -> None:
    """Its note says why."""
    result = Checker(name="x", opportunities="things", find=crash).check(History([]), CONTRACT)
    assert (result.verdict, result.exercised) == (Verdict.UNKNOWN, 0)
    assert result.note == "the checker crashed: LookupError: nothing is there"


def test_a_check_is_required_unless_somebody_says_otherwise() -> None:
    """So who forgets to say makes no run easier."""
    checker = Checker(name="x", opportunities="things", find=see_nothing)
    assert checker.check(History([]), CONTRACT).is_required
    assert not checker.check(History([]), CONTRACT, is_required=False).is_required


def test_the_results_hold_the_counts_of_the_history() -> None:
    """They are the numbers of the table."""
    ops = good_run().ops
    assert analyse(ops, CONTRACT).counts == count(History(ops), CONTRACT)
