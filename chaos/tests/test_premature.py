"""The checker ``premature``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "premature"


def delayed() -> Script:
    """A row that is created at 1.01 s and due at 5 s."""
    return Script().enqueue(1.0, due=5.0)


def test_a_claim_when_the_row_is_due_is_right() -> None:
    """In the very moment, and a tick before it on a clock of milliseconds."""
    for at in (5.0, 4.9995, 30.0):
        assert_valid(NAME, delayed().claim(at))


def test_a_claim_before_the_row_is_due_is_premature() -> None:
    """The proof names the claim and the time it had to wait for."""
    proof = only_anomaly(NAME, delayed().claim(4.0, token=6, owner="host:812")).proof
    assert "claimed at 4.00 s with token 6 by host:812" in proof
    assert "not due before 5.00 s" in proof


def test_two_ticks_are_more_than_the_clocks_slack() -> None:
    """The tolerance is one millisecond."""
    only_anomaly(NAME, delayed().claim(4.998))


def test_a_retry_before_its_backoff_is_over_is_premature() -> None:
    """The release moved the due time."""
    script = delayed().claim(6.0).release(7.0, token=1, attempts=1, due=9.0)
    only_anomaly(NAME, script.claim(8.0, token=2))


def test_a_retry_after_its_backoff_is_right() -> None:
    """The first due time is history."""
    script = delayed().claim(6.0).release(7.0, token=1, attempts=1, due=9.0)
    assert_valid(NAME, script.claim(9.0, token=2))


def test_a_due_time_that_somebody_moved_accuses_nobody() -> None:
    """The claim says that it was due earlier, or the creation does."""
    assert_valid(NAME, delayed().claim(4.0, due=3.0))
    assert_valid(NAME, delayed().claim(6.0, due=9.0))


def test_the_due_time_of_the_claim_serves_where_the_creation_has_none() -> None:
    """It is the row's."""
    only_anomaly(NAME, Script().call(1.0).answer(1.1).claim(4.0, due=5.0))


def test_claims_without_any_due_time_or_clock_are_not_judged() -> None:
    """Nothing is known of them."""
    script = delayed().claim(6.0).audit(7.0, "claim", row=2)
    script.say(2.0, "audit", "ok", "claim", value={"row": 1, "sequence": 90})
    assert_valid(NAME, script)


def test_a_row_that_is_due_at_once_puts_nothing_to_the_test() -> None:
    """A delay of 50 ms is none, one of 60 ms is one; without a creation nobody knows."""
    for script in (
        Script().enqueue(1.0, due=1.06).claim(2.0),
        Script().call(1.0).answer(1.1).claim(6.0, due=5.0),
    ):
        assert check(NAME, script).verdict == Verdict.UNKNOWN
    assert_valid(NAME, Script().enqueue(1.0, due=1.07).claim(2.0))
