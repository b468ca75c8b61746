"""The checker ``at-most-once-redelivery``."""

from __future__ import annotations

from chaos.checkers import analyse
from chaos.tests.judging import CONTRACT, assert_valid, only_anomaly
from chaos.tests.script import Script, good_run, killed_run

NAME = "at-most-once-redelivery"
ONCE = {"delivery": "at-most-once"}


def test_one_start_is_right() -> None:
    """Whatever comes of it."""
    assert_valid(NAME, good_run(), **ONCE)
    assert_valid(NAME, Script().start(2.0).kill(2.5), **ONCE)


def test_a_second_start_is_wrong_whatever_ended_the_first() -> None:
    """The proof names both."""
    proof = only_anomaly(NAME, killed_run(), **ONCE).proof
    assert "row 1 was started at 2.10 s in body-800 and again at 2.60 s in body-801" in proof


def test_other_contracts_do_not_see_it() -> None:
    """The check is left out of the results."""
    names = {result.name for result in analyse(killed_run().ops, CONTRACT).checks}
    assert NAME not in names


def test_the_first_two_of_many_starts_are_told() -> None:
    """More of them are no other anomaly."""
    script = Script().enqueue(1.0).start(2.0).start(3.0, 801, 2).start(4.0, 802, 3)
    proof = only_anomaly("at-most-once-redelivery", script, delivery="at-most-once").proof
    assert "at 2.00 s in body-800 and again at 3.00 s in body-801" in proof
