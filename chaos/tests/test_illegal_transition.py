"""The checker ``illegal-transition``."""

from __future__ import annotations

import pytest

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run, killed_run

NAME = "illegal-transition"


def claimed() -> Script:
    """A row under a lease of five seconds."""
    return Script().enqueue(1.0).claim(2.0)


def test_every_way_through_the_graph_is_right() -> None:
    """Retries, renewals, ends, and what somebody does by hand."""
    assert_valid(NAME, good_run())
    assert_valid(NAME, killed_run())
    assert_valid(NAME, claimed().heartbeat(3.0, 1, 8.0).audit(3.5, "changed", what=["queue"]))
    assert_valid(NAME, Script().enqueue(1.0).audit(2.0, "changed").audit(3.0, "deleted"))
    assert_valid(NAME, Script().enqueue(1.0).audit(2.0, "dead-letter").audit(2.1, "deleted"))


def test_a_claim_after_the_lease_needs_no_release() -> None:
    """But one before its end does, by the last heartbeat."""
    assert_valid(NAME, claimed().claim(7.0, token=2))
    proof = only_anomaly(NAME, claimed().claim(6.9, token=2)).proof
    assert "a claim of row 1 naming token 2 took effect at 6.90 s" in proof
    assert proof.endswith("though the row was claimed since its claim at 2.00 s")
    only_anomaly(NAME, claimed().heartbeat(3.0, 1, 8.0).claim(7.5, token=2))
    assert_valid(NAME, Script().enqueue(1.0).audit(2.0, "claim").audit(3.0, "claim"))


@pytest.mark.parametrize("word", ["heartbeat", "release", "finish"])
def test_a_row_that_waits_has_no_claim_to_renew_or_end(word: str) -> None:
    """Whether it was released or never claimed."""
    proof = only_anomaly(NAME, claimed().release(3.0, 1, 1).audit(3.5, word, token=1)).proof
    assert f"a {word} of row 1 naming token 1 took effect at 3.50 s" in proof
    assert proof.endswith("though the row was waiting since its release at 3.00 s")
    only_anomaly(NAME, Script().enqueue(1.0).audit(2.0, word))


@pytest.mark.parametrize(
    "word", ["created", "claim", "heartbeat", "release", "finish", "changed", "deleted"]
)
def test_nothing_leads_out_of_a_completed_row(word: str) -> None:
    """Not even another creation."""
    proof = only_anomaly(NAME, good_run().audit(4.0, word)).proof
    assert proof.endswith("though the row was deleted since its deleted at 2.40 s")


def test_only_a_dead_lettered_row_is_created_anew() -> None:
    """Somebody put it back into the queue, under its id."""
    dead = claimed().audit(3.0, "dead-letter", token=1)
    only_anomaly(NAME, Script().enqueue(1.0).created(2.0))
    assert_valid(NAME, dead.audit(3.1, "deleted").created(4.0).claim(5.0, token=2))


def test_a_claimed_row_is_not_deleted_without_an_end() -> None:
    """Unless its end is known from elsewhere, or may be."""
    gone = "though the row was claimed since its claim at 2.00 s"
    assert only_anomaly(NAME, claimed().audit(3.0, "deleted")).proof.endswith(gone)
    assert_valid(NAME, claimed().audit(3.0, "deleted").final(60.0, "completed"))
    loose = claimed().created(1.5, row=2).audit(2.9, "finish", row=None).audit(3.0, "deleted")
    assert_valid(NAME, loose)
    nameless = Script().audit(1.0, "created", None).audit(2.0, "claim", None)
    assert_valid(NAME, nameless.audit(3.0, "deleted", None))


def test_a_row_that_is_older_than_the_audit_may_begin_anywhere() -> None:
    """Its first word is believed."""
    assert_valid(NAME, Script().audit(1.0, "heartbeat", token=1).audit(2.0, "finish", token=1))
    only_anomaly(NAME, Script().audit(1.0, "claim", token=1).created(2.0))


def test_an_untouched_row_puts_nothing_to_the_test() -> None:
    """The check says so."""
    assert "no rows that were changed" in check(NAME, Script().enqueue(1.0)).note


def test_a_row_that_is_told_to_be_created_later_was_new() -> None:
    """Nothing but its creation may come first."""
    script = Script().audit(1.0, "claim", token=1).created(2.0)
    assert only_anomaly(NAME, script).proof == (
        "a claim of row 1 naming token 1 took effect at 1.00 s, though the row was new"
    )


def test_what_names_no_token_is_told_without_one() -> None:
    """The proof has no hole."""
    proof = only_anomaly(NAME, Script().enqueue(1.0).audit(2.0, "finish")).proof
    assert proof.startswith("a finish of row 1 took effect at 2.00 s, though")


def test_another_change_leaves_a_row_in_its_state() -> None:
    """It is claimed still."""
    script = claimed().audit(3.0, "changed").created(4.0)
    proof = only_anomaly(NAME, script).proof
    assert proof.endswith("though the row was claimed since its changed at 3.00 s")


def test_the_end_of_another_row_of_the_task_excuses_nothing() -> None:
    """The final read found the second one."""
    script = claimed().audit(3.0, "deleted").created(4.0, row=2).final(60.0, "completed", row=2)
    only_anomaly(NAME, script)
