"""The checker ``double-finish``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run

NAME = "double-finish"


def test_one_end_is_right() -> None:
    """A finish or a dead-letter."""
    assert_valid(NAME, good_run())
    assert_valid(NAME, Script().claim(1.0).audit(2.0, "dead-letter", token=1))


def test_a_second_end_is_wrong() -> None:
    """Of either kind; the proof names both."""
    script = Script().claim(1.0).audit(2.0, "finish", token=1).audit(3.0, "dead-letter", token=2)
    proof = only_anomaly(NAME, script).proof
    assert "a dead-letter of row 1 naming token 2 was accepted at 3.00 s" in proof
    assert proof.endswith("after a finish naming token 1 at 2.00 s")


def test_a_row_that_was_put_back_may_end_again() -> None:
    """It is created anew."""
    script = Script().claim(1.0).audit(2.0, "dead-letter", token=1).audit(2.1, "deleted")
    assert_valid(NAME, script.created(3.0).claim(4.0, token=2).finish(5.0, token=2))


def test_ends_of_two_rows_are_no_matter() -> None:
    """Each row ends once."""
    script = good_run().enqueue(3.0, row=2).claim(4.0, row=2).finish(5.0, row=2)
    assert_valid(NAME, script)


def test_without_an_end_nothing_is_put_to_the_test() -> None:
    """The check says so."""
    assert "no finishes" in check(NAME, Script().claim(1.0)).note
