"""The checker ``dedupe-violation``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run
from reports.schema import Verdict

NAME = "dedupe-violation"


def ignored_duplicate() -> Script:
    """A second call while the row lives, which is told so."""
    return Script().enqueue(1.0).call(2.0).answer(2.1, duplicate=True)


def test_a_duplicate_that_is_ignored_is_right() -> None:
    """One row, two callers."""
    assert_valid(NAME, ignored_duplicate())


def test_two_live_rows_with_one_hash_are_a_violation() -> None:
    """The proof names both rows."""
    proof = only_anomaly(NAME, Script().enqueue(1.0).enqueue(2.0, row=2)).proof
    assert "row 2 was created at 2.01 s while row 1, created at 1.01 s" in proof


def test_a_row_after_the_end_of_the_other_is_right() -> None:
    """By the audit's order: its times say that the first one ended 0.1 s later."""
    script = good_run().call(2.2).created(2.3, row=2).answer(2.4, row=2)
    assert_valid(NAME, script.call(8.0).answer(8.1, row=2, duplicate=True))


def test_a_row_before_the_end_of_the_other_is_a_violation() -> None:
    """By the audit's order: its times say that the first one ended six seconds before."""
    script = Script().enqueue(1.0).claim(2.0).heartbeat(2.5, 1, 9.0)
    script.call(9.0).created(9.1, row=2).answer(9.2, row=2).finish(3.0)
    only_anomaly(NAME, script)
    assert check(NAME, script).exercised == 1


def test_rows_that_opted_out_may_live_together() -> None:
    """If either one did."""
    script = ignored_duplicate().call(3.0, unique=False).created(3.1, row=2).answer(3.2, row=2)
    assert_valid(NAME, script)


def test_rows_of_different_hashes_may_live_together() -> None:
    """They are different tasks."""
    assert_valid(NAME, ignored_duplicate().enqueue(3.0, "order-2", 2))


def test_two_tasks_with_one_hash_are_both_shown() -> None:
    """The witness holds the ops of both."""
    script = Script().enqueue(1.0).call(2.0, "order-2")
    script.audit(2.1, "created", "order-2", 2, task_hash="hash of order-1")
    anomaly = only_anomaly(NAME, script.answer(2.2, "order-2", row=2))
    assert {op.task for op in anomaly.witness} == {"order-1", "order-2"}


def test_a_row_whose_own_call_has_no_end_is_judged_if_every_open_call_was_unique() -> None:
    """Else nobody knows which call made it."""
    script = Script().enqueue(1.0).call(2.0).refuse(2.1, "info").created(2.05, row=2)
    only_anomaly(NAME, script)
    script = Script().enqueue(1.0).call(2.0, unique=False).refuse(2.1, "info")
    script.call(3.0).refuse(3.1, "info").created(3.05, row=2)
    assert check(NAME, script).verdict == Verdict.UNKNOWN


def test_rows_that_no_call_can_have_made_are_not_judged() -> None:
    """Nobody knows whether they were to be unique."""
    script = Script().enqueue(1.0).created(2.0, row=2)
    script.audit(3.0, "created", None, 3, task_hash="hash of order-1")
    assert check(NAME, script).verdict == Verdict.UNKNOWN


def test_no_fault_excuses_a_twin() -> None:
    """The database's own order judges it."""
    script = Script().enqueue(1.0).enqueue(2.0, row=2).fault(0.5, "outage", disturbs="database")
    only_anomaly(NAME, script)


def test_a_refusal_is_judged_elsewhere() -> None:
    """It makes no twin, whatever the row's life was."""
    assert_valid(NAME, good_run().call(10.0).answer(10.1, duplicate=True))


def test_without_a_duplicate_nothing_is_put_to_the_test() -> None:
    """The check says so."""
    result = check(NAME, good_run())
    assert result.verdict == Verdict.UNKNOWN
    assert "no enqueues of a live task" in result.note


def test_rows_without_a_hash_or_a_creation_hide_no_twins() -> None:
    """Some are made by hand, and of some the creation is not on record."""
    script = Script().audit(0.5, "created", None, 8).audit(0.6, "claim", None, 9)
    proof = only_anomaly(NAME, script.enqueue(1.0).enqueue(2.0, row=2)).proof
    assert "while row 1" in proof


def test_a_row_whose_task_nobody_knows_is_no_twin() -> None:
    """Nobody knows whether it was to be unique; and a row may be deleted twice."""
    script = ignored_duplicate().audit(3.0, "created", None, 8, task_hash="hash of order-1")
    assert_valid(NAME, script.audit(4.0, "deleted").audit(4.1, "deleted"))
