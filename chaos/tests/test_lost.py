"""The checker ``lost``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run
from reports.schema import Verdict


def test_a_task_that_had_its_effect_is_not_lost() -> None:
    """The effect is what counts, killed attempts or not."""
    assert_valid("lost", good_run())


def test_an_acknowledged_task_that_is_nowhere_is_lost() -> None:
    """No effect, no dead-letter, no row: the proof says who was told what."""
    anomaly = only_anomaly("lost", Script().enqueue(1.0).read())
    assert anomaly.task == "order-1"
    assert "producer-10 was told at 1.02 s that row 1" in anomaly.proof
    assert "no row of it" in anomaly.proof


def test_a_completed_row_without_an_effect_is_lost() -> None:
    """The queue says done and nothing was done."""
    script = Script().enqueue(1.0).claim(2.0).finish(2.4).final(60.0, "completed").read()
    proof = only_anomaly("lost", script).proof
    assert "found it completed" in proof
    assert "started 0 times" in proof
    assert "started 1 times" in only_anomaly("lost", script.start(2.1)).proof


def test_a_second_row_of_a_task_that_ran_can_be_lost() -> None:
    """An effect of one row is no excuse for another row."""
    script = good_run().enqueue(70.0, row=2).read(90.0)
    assert "row 2" in only_anomaly("lost", script).proof


def test_a_dead_lettered_task_is_not_lost() -> None:
    """Giving up is an answer, whether the audit or the final read tells."""
    assert_valid("lost", Script().enqueue(1.0).audit(2.0, "dead-letter").read())
    assert_valid("lost", Script().enqueue(1.0).final(60.0, "failed").read())


def test_a_dead_letter_of_another_row_is_no_excuse() -> None:
    """Two rows of one task end one by one."""
    script = Script().enqueue(1.0).enqueue(3.0, row=2).audit(4.0, "dead-letter", row=2).read()
    assert "row 1" in only_anomaly("lost", script).proof


def test_a_live_row_is_not_lost() -> None:
    """It is late, and ``stuck`` says so."""
    assert_valid("lost", Script().enqueue(1.0).final(60.0, "waiting").read(drained=False))


def test_a_call_that_nobody_knows_the_end_of_loses_nothing() -> None:
    """Only what was acknowledged was promised."""
    assert check("lost", Script().call(1.0).read()).verdict == Verdict.UNKNOWN
    assert check("lost", Script().call(1.0).refuse(2.0, "info").read()).exercised == 0


def test_a_duplicate_acknowledges_the_row_whose_own_call_has_no_end() -> None:
    """The second caller was told that the row is live, so its loss is a loss."""
    script = Script().call(1.0).created(1.1).refuse(1.2, "info")
    script.call(2.0).answer(2.1, duplicate=True).read()
    assert "at 2.10 s" in only_anomaly("lost", script).proof


def test_an_effect_whose_row_nobody_told_may_be_of_any_row() -> None:
    """No accusation on a guess."""
    script = Script().enqueue(1.0).enqueue(3.0, row=2).body(4.0, row=None)
    assert_valid("lost", script.read())


def test_a_subject_that_tells_no_rows_is_judged_by_the_task() -> None:
    """Nobody names a row, so the key is all there is."""
    lost = Script().call(1.0).answer(1.1, row=None).read()
    assert "row None" in only_anomaly("lost", lost).proof
    assert_valid("lost", Script().call(1.0).answer(1.1, row=None).body(2.0, row=None).read())


def test_without_a_final_read_nobody_knows_what_is_lost() -> None:
    """A run that was cut short is no evidence."""
    result = check("lost", Script().enqueue(1.0))
    assert result.verdict == Verdict.UNKNOWN
    assert "final read" in result.note


def test_without_a_final_read_nothing_was_looked_at() -> None:
    """However much was acknowledged."""
    assert check("lost", Script().enqueue(1.0)).exercised == 0


def test_another_row_of_the_task_that_waits_does_not_save_one_that_is_lost() -> None:
    """The proof tells of the row that was lost."""
    script = Script().enqueue(1.0).enqueue(2.0, row=2).final(60.0, "waiting", row=2).read()
    anomaly = only_anomaly("lost", script)
    assert "row 1 of order-1 is enqueued" in anomaly.proof
    assert anomaly.proof.endswith("found no row of it")


def theirs(
    script: Script, at: float, task: str, row: int, kind: str = "bakery.tasks.bake"
) -> Script:
    """A task of a user's own kind is enqueued."""
    call = script.call(at, task, kind=kind)
    return call.created(at + 0.01, task, row).answer(at + 0.02, task, row=row)


def test_a_users_task_that_says_nothing_is_not_accused() -> None:
    """It may have done its work without a word; the run proves nothing, and says why."""
    script = theirs(Script(), 1.0, "loaf-1", 1).final(60.0, "completed", task="loaf-1")
    script = theirs(script, 2.0, "bun-1", 2, "bakery.tasks.fry")
    script = script.final(60.0, "completed", task="bun-1", row=2).read()
    assert_valid("lost", script)
    note = check("stats", script).note
    assert "no bakery.tasks.bake said that it had an effect" in note
    assert "no bakery.tasks.fry said that it had an effect" in note


def test_one_of_which_another_one_had_an_effect_is_accused() -> None:
    """So they do speak; and others speak too."""
    script = theirs(theirs(Script(), 1.0, "loaf-1", 1), 1.5, "loaf-2", 2)
    script = theirs(script, 1.6, "bun-1", 3, "bakery.tasks.fry").body(2.0, task="loaf-2", row=2)
    script = script.body(2.5, task="bun-1", row=3).final(60.0, "completed", task="loaf-1")
    anomaly = only_anomaly("lost", script.final(60.0, "completed", task="loaf-2", row=2).read())
    assert "row 1 of loaf-1" in anomaly.proof


def test_one_whose_body_was_heard_and_never_returned_is_accused() -> None:
    """It speaks, and was cut; that another row of it returned is no excuse."""
    script = theirs(Script(), 1.0, "loaf-1", 1).start(2.0, task="loaf-1").death(2.5)
    script = theirs(script, 3.0, "loaf-1", 2).start(4.0, 801, task="loaf-1", row=2)
    script = script.end(4.5, 801, "ok", "loaf-1").final(60.0, "completed", task="loaf-1")
    script = script.final(60.0, "completed", task="loaf-1", row=2).read()
    assert "row 1 of loaf-1" in only_anomaly("lost", script).proof


def test_one_that_is_not_even_completed_is_accused() -> None:
    """Whether or not it would have spoken, and whether or not another row is completed."""
    assert "no row of it" in only_anomaly("lost", theirs(Script(), 1.0, "loaf-1", 1).read()).proof
    script = theirs(theirs(Script(), 1.0, "loaf-1", 1), 1.5, "loaf-1", 2)
    script = script.final(60.0, "completed", task="loaf-1", row=2).read()
    assert "row 1 of loaf-1" in only_anomaly("lost", script).proof
