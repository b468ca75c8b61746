"""The checker ``double-claim``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, killed_run
from reports.schema import Verdict

NAME = "double-claim"


def claimed() -> Script:
    """A row with token 6, whose lease runs from 9.90 s to 14.90 s."""
    return Script().enqueue(1.0).claim(9.9, token=6)


def test_a_claim_after_a_release_is_right() -> None:
    """However long the lease would have run."""
    assert_valid(NAME, killed_run())


def test_a_claim_during_a_live_lease_is_a_double_claim() -> None:
    """The proof names both tokens and the end of the lease."""
    proof = only_anomaly(NAME, claimed().claim(12.3, token=7, owner="host:901")).proof
    assert "claimed at 12.30 s by host:901 with token 7" in proof
    assert "token 6, granted to host:900 at 9.90 s, ran until 14.90 s" in proof


def test_a_claim_after_the_lease_ran_out_is_right() -> None:
    """Also in the very moment, and within a tick of a clock of milliseconds."""
    for at in (14.9, 14.8995, 20.0):
        assert_valid(NAME, claimed().claim(at, token=7))


def test_a_claim_two_ticks_before_the_lease_ran_out_is_a_double_claim() -> None:
    """The clock's slack is one tick."""
    only_anomaly(NAME, claimed().claim(14.898, token=7))


def test_a_heartbeat_keeps_the_lease_alive() -> None:
    """The claim comes after the first end of the lease and before the renewed one."""
    proof = only_anomaly(NAME, claimed().heartbeat(14.0, 6, 19.0).claim(16.0, token=7)).proof
    assert "ran until 19.00 s" in proof


def test_a_heartbeat_of_another_token_does_not() -> None:
    """It renews its own lease only."""
    script = claimed().heartbeat(14.0, 5, 19.0).claim(16.0, token=7)
    assert_valid(NAME, script)


def test_the_order_of_the_audit_beats_the_clock() -> None:
    """A release that was written first came first, whatever the clocks of the two sessions said."""
    script = claimed().release(12.31, token=6, attempts=1).claim(12.3, token=7)
    assert_valid(NAME, script)


def test_a_release_that_comes_after_the_claim_is_too_late() -> None:
    """Until then both held the row."""
    script = claimed().claim(12.3, token=7).release(13.0, token=6, attempts=1)
    assert "ran until 13.00 s" in only_anomaly(NAME, script).proof


def test_a_release_of_another_token_ends_nothing() -> None:
    """The stale one was not the holder."""
    script = claimed().release(12.0, token=5, attempts=1).claim(12.3, token=7)
    only_anomaly(NAME, script)


def test_a_claim_without_an_end_of_its_lease_lasts() -> None:
    """Only a release can end it."""
    script = Script().enqueue(1.0).audit(2.0, "claim", token=1, owner="a")
    script.audit(90.0, "claim", token=2, owner="b")
    assert "ran without end" in only_anomaly(NAME, script).proof


def test_a_token_that_was_granted_twice_is_a_double_claim() -> None:
    """Its holders cannot be told apart, whatever the leases say."""
    script = claimed().release(12.0, token=6, attempts=1).claim(30.0, token=6, owner="host:901")
    proof = only_anomaly(NAME, script).proof
    assert "token 6, which host:900 had been granted at 9.90 s already" in proof


def test_claims_without_tokens_can_still_be_told_apart_by_their_leases() -> None:
    """No token is not the same token."""
    first = Script().enqueue(1.0).claim(2.0, token=None).audit(3.0, "release")
    assert_valid(NAME, first.claim(4.0, token=None))
    only_anomaly(NAME, first.claim(5.0, token=None))


def test_a_finished_row_may_not_be_claimed_by_its_old_lease() -> None:
    """A deletion ends every claim."""
    script = claimed().audit(10.0, "deleted").claim(11.0, token=7)
    assert_valid(NAME, script)


def test_two_owners_put_every_claim_to_the_test() -> None:
    """Even if no row was claimed twice; one owner does not."""
    script = claimed().claim(10.0, token=1, task="order-2", row=2)
    assert check(NAME, script).verdict == Verdict.UNKNOWN
    script.claim(11.0, token=1, task="order-3", row=3, owner="host:901")
    assert check(NAME, script).exercised == 3


def test_an_audit_op_without_a_database_time_is_not_guessed_at() -> None:
    """The check crashes, and says so."""
    script = claimed().claim(12.3, token=7)
    script.say(13.0, "audit", "ok", "claim", token=8, value={"row": 1, "sequence": 99})
    result = check(NAME, script)
    assert result.verdict == Verdict.UNKNOWN
    assert "has no database_time" in result.note
