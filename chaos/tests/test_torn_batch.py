"""The checker ``torn-batch``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run

NAME = "torn-batch"


def batch(end: str = "ok") -> Script:
    """Two tasks that are enqueued in one call, the first of which has a row."""
    script = Script().call(1.0, "a", batch="b-1").call(1.0, "b", batch="b-1").created(1.1, "a", 1)
    if end == "ok":
        return script.answer(1.2, "a", row=1).answer(1.2, "b", row=2)
    return script.refuse(1.2, end, "a").refuse(1.2, end, "b")


def test_all_of_a_batch_or_none_of_it_is_right() -> None:
    """Whatever its producer was told."""
    for end in ("ok", "info", "fail"):
        assert_valid(NAME, batch(end).created(1.1, "b", 2).read())
        assert_valid(NAME, batch(end).without(lambda op: op.f == "created").read())


def test_a_part_of_a_batch_is_torn() -> None:
    """The proof names one that is there and one that is not."""
    for end in ("ok", "info", "fail"):
        anomaly = only_anomaly(NAME, batch(end).read())
        assert anomaly.task == "b"
        assert "b has no row, and a has one: producer-10 enqueued both at 1.00 s" in anomaly.proof
        assert "in the batch b-1, of which 1 tasks have a row and 1 have none" in anomaly.proof


def test_a_body_or_a_final_row_shows_that_there_was_a_row() -> None:
    """Where the audit does not see it."""
    assert_valid(NAME, batch("info").start(2.0, task="b", row=2).read())
    assert_valid(NAME, batch("info").final(60.0, "completed", task="b", row=None).read())


def test_calls_that_ended_otherwise_are_not_judged() -> None:
    """Their producer knows that the batch is torn."""
    script = Script().call(1.0, "a", batch="b-1").call(1.0, "b", batch="b-1").created(1.1, "a", 1)
    assert not check(NAME, script.answer(1.2, "a").refuse(1.2, "fail", "b").read()).exercised


def test_duplicates_and_tasks_of_other_calls_are_left_out() -> None:
    """Nobody knows whose their row is."""
    script = Script().call(0.1, "a").refuse(0.2, "info", "a")
    script.call(1.0, "a", batch="b-1").call(1.0, "b", batch="b-1").call(1.0, "c", batch="b-1")
    script.answer(1.2, "a", row=1).answer(1.2, "b", row=2).answer(1.2, "c", row=3, duplicate=True)
    assert_valid(NAME, script.created(1.1, "a", 1).read())


def test_without_a_final_read_or_a_batch_nothing_is_put_to_the_test() -> None:
    """The check says so, and a run without batches lacks nothing."""
    assert "no final read" in check(NAME, batch()).note
    assert "no batches" in check(NAME, good_run()).note
    assert "no batches" in check(NAME, Script().enqueue(1.0)).note


def test_a_duplicate_hides_no_task_that_is_missing() -> None:
    """Nor does one that somebody else called for, wherever it stands in the batch."""
    script = Script().call(0.1, "a").refuse(0.2, "info", "a")
    for task in "abc":
        script.call(1.0, task, batch="b-1")
    script.answer(1.2, "a", row=1).answer(1.2, "b", row=2).answer(1.2, "c", row=3)
    assert only_anomaly(NAME, script.created(1.1, "b", 2).read()).task == "c"


def test_one_call_is_no_batch_and_without_a_final_read_nothing_was_looked_at() -> None:
    """It has nothing to be torn from."""
    assert check(NAME, batch()).exercised == 0
    alone = Script().call(1.0, "a", batch="b-1").created(1.1, "a", 1).answer(1.2, "a", row=1)
    assert check(NAME, alone.read()).exercised == 0
