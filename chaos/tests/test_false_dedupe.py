"""The checker ``false-dedupe``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run

NAME = "false-dedupe"


def test_a_duplicate_of_a_live_row_is_right() -> None:
    """Also of one that is about to be seen, as far as the clocks can tell."""
    assert_valid(NAME, Script().enqueue(1.0).call(2.0).answer(2.1, duplicate=True))
    assert_valid(NAME, Script().call(1.0).answer(1.1, duplicate=True).created(1.15))


def test_a_duplicate_of_a_row_that_comes_later_is_false() -> None:
    """The proof tells the call and the birth."""
    script = Script().call(1.0).answer(1.1, duplicate=True).created(1.16)
    proof = only_anomaly(NAME, script).proof
    assert "producer-10 enqueued order-1 from 1.00 s to 1.10 s" in proof
    assert "row 1 is its live duplicate, which was created at 1.16 s only" in proof


def test_a_duplicate_of_another_tasks_row_is_false() -> None:
    """The tasks are not equal; it does not matter which of them the history names first."""
    script = Script().enqueue(1.0).call(2.0, "order-2").answer(2.1, "order-2", duplicate=True)
    assert only_anomaly(NAME, script).proof.endswith("which is a row of order-1")
    script = Script().call(0.1, "order-2").answer(0.2, "order-2", duplicate=True).enqueue(0.21)
    assert only_anomaly(NAME, script).proof.endswith("which is a row of order-1")


def test_who_opted_out_is_not_refused() -> None:
    """However live the other row is."""
    script = Script().enqueue(1.0).call(2.0, unique=False).answer(2.1, duplicate=True)
    assert "opted out of being unique" in only_anomaly(NAME, script).proof


def test_a_row_that_the_audit_does_not_know_is_not_judged() -> None:
    """It may be older than the audit."""
    assert_valid(NAME, Script().call(1.0).answer(1.1, duplicate=True))
    assert_valid(NAME, Script().call(1.0).answer(1.1, row=None, duplicate=True))


def test_a_contract_that_ignores_no_duplicates_does_not_forbid_it() -> None:
    """It is counted; and without a duplicate nothing is put to the test."""
    script = Script().call(1.0).answer(1.1, duplicate=True).created(1.16)
    assert not check(NAME, script, deduplicates=False).is_forbidden
    assert "no calls that were told of a duplicate" in check(NAME, good_run()).note
