"""The checker ``stale-key``."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run

NAME = "stale-key"


def refused(at: float) -> Script:
    """A call that is refused because of a row that was deleted at 2.4 s."""
    return good_run().call(at).answer(at + 0.1, duplicate=True)


def test_a_duplicate_of_a_live_row_is_right() -> None:
    """Also of one whose end was not committed: for a second others still see it."""
    assert_valid(NAME, Script().enqueue(1.0).call(2.0).answer(2.1, duplicate=True))
    assert_valid(NAME, refused(3.4))


def test_a_duplicate_of_a_row_that_had_ended_is_stale() -> None:
    """The proof tells the call and the end."""
    proof = only_anomaly(NAME, refused(3.41)).proof
    assert "from 3.41 s to 3.51 s and was told that row 1 is its live duplicate" in proof
    assert "which had been deleted at 2.40 s, before the call began" in proof


@pytest.mark.parametrize("fault", [("database", ()), ("processes", (900,)), ("processes", (800,))])
def test_a_commit_that_a_fault_kept_away_excuses_it(fault: tuple[str, tuple[int, ...]]) -> None:
    """For a second more than the fault lasted, if it began in time and struck who ended the row."""
    disturbs, pids = fault
    struck: dict[str, Any] = {"disturbs": disturbs, "pids": pids}
    assert_valid(NAME, refused(8.9).fault(2.5, "pause", until=8.0, **struck))
    only_anomaly(NAME, refused(9.2).fault(2.5, "pause", until=8.0, **struck))
    only_anomaly(NAME, refused(8.9).fault(3.5, "pause", until=8.0, **struck))
    others: dict[str, Any] = {"disturbs": "processes", "pids": (901,)}
    only_anomaly(NAME, refused(8.9).fault(2.5, "pause", until=8.0, **others))


def test_a_row_that_the_audit_does_not_know_is_not_judged() -> None:
    """It may live since before the audit."""
    assert_valid(NAME, Script().call(1.0).answer(1.1, duplicate=True))


def test_a_contract_that_ignores_no_duplicates_does_not_forbid_it() -> None:
    """It is counted; and without a duplicate nothing is put to the test."""
    assert not check(NAME, refused(9.0), deduplicates=False).is_forbidden
    assert "no calls that were told of a duplicate" in check(NAME, good_run()).note


def test_a_call_that_is_not_told_which_row_is_live_accuses_nobody() -> None:
    """It is looked at all the same."""
    assert_valid(NAME, Script().call(1.0).answer(1.1, row=None, duplicate=True))
