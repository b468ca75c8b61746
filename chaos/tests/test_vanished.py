"""The checker ``vanished``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run
from reports.schema import Op, Verdict


def is_final_row(op: Op) -> bool:
    """Whether it tells how a row stood at the end."""
    return op.f == "row"


def test_a_row_that_is_still_somewhere_has_not_vanished() -> None:
    """Whatever its state."""
    for state in ("waiting", "claimed", "completed", "failed"):
        assert_valid("vanished", Script().enqueue(1.0).final(60.0, state).read())


def test_a_row_that_went_away_without_an_end_has_vanished() -> None:
    """That its body ran once is no excuse: nobody recorded how it ended."""
    script = Script().enqueue(1.0).claim(2.0).body(2.1).audit(2.5, "deleted").read()
    anomaly = only_anomaly("vanished", script)
    assert "told at 1.02 s that row 1 of order-1" in anomaly.proof
    assert "deleted at 2.50 s" in anomaly.proof


def test_a_row_that_nobody_saw_go_has_vanished() -> None:
    """A rolled-back commit leaves no deletion."""
    proof = only_anomaly("vanished", Script().enqueue(1.0).read()).proof
    assert "neither a finish nor a dead-letter names it" in proof
    assert "deleted" not in proof


def test_a_finish_or_a_dead_letter_explains_that_a_row_is_gone() -> None:
    """A queue may prune its completed rows."""
    assert_valid("vanished", good_run().without(is_final_row))
    assert_valid("vanished", Script().enqueue(1.0).audit(2.0, "dead-letter").read())


def test_a_finish_that_names_no_row_explains_any_row_of_its_task() -> None:
    """Some tables of ended tasks have ids of their own."""
    script = Script().enqueue(1.0).enqueue(1.5, row=2).audit(2.0, "finish", row=None)
    assert_valid("vanished", script.read())


def test_a_completed_row_with_an_id_of_its_own_may_be_any_row() -> None:
    """An id that no live row had says nothing about which row it was."""
    assert_valid("vanished", Script().enqueue(1.0).final(60.0, "completed", row=77).read())
    script = Script().enqueue(1.0).final(60.0, "completed", row=None).read()
    assert_valid("vanished", script)


def test_the_row_of_another_enqueue_explains_nothing() -> None:
    """Each acknowledged row is looked for by its own id."""
    script = Script().enqueue(1.0).enqueue(2.0, row=2).final(60.0, "completed", row=2).read()
    assert "row 1" in only_anomaly("vanished", script).proof


def test_without_a_final_read_nobody_knows_what_vanished() -> None:
    """A run that was cut short is no evidence."""
    result = check("vanished", Script().enqueue(1.0))
    assert result.verdict == Verdict.UNKNOWN
    assert "final read" in result.note


def test_without_a_final_read_nothing_was_looked_at() -> None:
    """However much was acknowledged."""
    assert check("vanished", Script().enqueue(1.0)).exercised == 0


def test_another_row_of_the_task_that_ended_does_not_explain_it() -> None:
    """And a row that nobody saw deleted has vanished at the end."""
    script = Script().enqueue(1.0).enqueue(2.0, row=2).claim(3.0, row=2).finish(4.0, row=2)
    anomaly = only_anomaly("vanished", script.final(60.0, "completed", row=2).read())
    assert anomaly.proof.endswith("neither a finish nor a dead-letter names it")
    assert "row 1" in anomaly.proof
    for row in (1, None):
        unseen = Script().call(1.0).answer(1.1, row=row).read()
        assert only_anomaly("vanished", unseen).proof.endswith("names it")
