"""The checker ``conservation``."""

from __future__ import annotations

import pytest

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "conservation"
BALANCED = {
    "live": 3,
    "completed": 5,
    "failed": 2,
    "created": 10,
    "deleted": 7,
    "finished": 5,
    "dead_lettered": 2,
}


def test_counts_that_add_up_are_right() -> None:
    """Each snapshot counts."""
    script = Script().census(2.0, **BALANCED).census(3.0, **BALANCED)
    assert_valid(NAME, script)
    assert check(NAME, script).exercised == 2


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("live", "had 4 live rows, and the audit in it accounts for 3 (10 created, 7 deleted)"),
        ("completed", "had 6 completed rows, and the audit in it accounts for 5 (5 finished)"),
        ("failed", "had 3 failed rows, and the audit in it accounts for 2 (2 dead-lettered)"),
    ],
)
def test_a_table_with_a_row_too_many_is_named(table: str, sentence: str) -> None:
    """With both sides of the account."""
    broken = {**BALANCED, table: BALANCED[table] + 1}
    proof = only_anomaly(NAME, Script().census(2.0, **BALANCED).census(3.0, **broken)).proof
    assert proof == f"at 3.00 s one snapshot {sentence}"


def test_a_row_too_few_is_one_as_well() -> None:
    """It is nowhere."""
    only_anomaly(NAME, Script().census(2.0, **{**BALANCED, "live": 2}))


def test_tables_that_a_subject_does_not_keep_are_left_out() -> None:
    """What is left is added up."""
    script = Script().census(2.0, live=3, created=10, deleted=7, completed=None, finished=5)
    assert_valid(NAME, script)


def test_a_census_of_nothing_puts_nothing_to_the_test() -> None:
    """Neither does none."""
    for script in (Script(), Script().census(2.0, live=3)):
        assert check(NAME, script).verdict == Verdict.UNKNOWN
