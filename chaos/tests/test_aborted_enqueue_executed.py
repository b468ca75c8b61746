"""The checker ``aborted-enqueue-executed``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run

NAME = "aborted-enqueue-executed"


def aborted() -> Script:
    """A call whose transaction was rolled back."""
    return Script().call(1.0, aborts=True).refuse(1.1, "fail")


def test_what_failed_and_never_ran_is_right() -> None:
    """And so is a call that failed before another one worked."""
    assert_valid(NAME, aborted())
    assert_valid(NAME, aborted().enqueue(2.0).body(3.0))


def test_a_task_whose_every_enqueue_failed_must_not_run() -> None:
    """The proof says who ran it, who had called, and why that had no effect."""
    proof = only_anomaly(NAME, aborted().body(2.0, row=7)).proof
    assert "row 7 of order-1 ran in body-800 at 2.00 s" in proof
    assert "that of producer-10, which failed at 1.10 s (DataError: no)" in proof
    assert proof.endswith("in a transaction that was rolled back")


def test_an_effect_without_a_start_counts_too() -> None:
    """It is the effect that hurts."""
    assert "body-800" in only_anomaly(NAME, aborted().effect(2.0)).proof


def test_a_row_that_no_other_call_can_have_made_must_not_run() -> None:
    """The one that was acknowledged is another row."""
    script = aborted().enqueue(2.0).body(3.0).body(4.0, pid=801, row=2)
    assert "row 2 of order-1" in only_anomaly(NAME, script).proof


def test_a_call_whose_end_nobody_knows_may_have_made_the_row() -> None:
    """But only one."""
    script = aborted().call(1.5).refuse(1.6, "info").enqueue(2.0).body(3.0)
    assert_valid(NAME, script.body(4.0, pid=801, row=2))
    only_anomaly(NAME, script.body(5.0, pid=802, row=3))


def test_a_later_call_cannot_have_asked_for_it() -> None:
    """Neither one that worked, nor one whose end nobody knows."""
    assert "at 2.00 s" in only_anomaly(NAME, aborted().body(2.0).enqueue(3.0)).proof
    script = aborted().enqueue(1.5).body(2.0).body(3.0, pid=801, row=2)
    assert "row 2 of order-1" in only_anomaly(NAME, script.call(4.0)).proof


def test_a_body_is_judged_by_its_start() -> None:
    """Who began before anybody called was asked for by nobody, whatever fails meanwhile."""
    script = Script().start(1.0).call(1.05, aborts=True).refuse(1.06, "fail")
    assert_valid(NAME, script.effect(1.1).end(1.2))


def test_a_row_that_starts_again_began_when_it_began() -> None:
    """What failed in between did not make it."""
    script = Script().enqueue(1.0).body(2.0).start(2.5, 801, row=2)
    script = script.call(3.0, aborts=True).refuse(3.1, "fail").body(4.0, pid=802, row=2)
    assert_valid(NAME, script)


def test_a_later_call_that_is_told_of_the_row_has_not_made_it() -> None:
    """It was told of a duplicate, and that is the row that must not be there."""
    script = aborted().enqueue(1.5).body(2.0).body(3.0, pid=801, row=2)
    again = script.call(3.1).answer(3.2, row=2, duplicate=True)
    assert "row 2 of order-1" in only_anomaly(NAME, again).proof


def test_a_row_that_ran_before_the_call_failed_is_not_its() -> None:
    """Whoever made it: that is a matter of other checks."""
    script = Script().enqueue(1.0).body(2.0).body(3.0, pid=801, row=2)
    assert_valid(NAME, script.call(4.0, aborts=True).refuse(4.1, "fail"))


def test_a_task_that_repeats_makes_rows_itself() -> None:
    """No call asks for each of them."""
    script = aborted().call(2.0, repeat_seconds=5).answer(2.1).body(3.0)
    assert_valid(NAME, script.body(8.0, pid=801, row=2))


def test_bodies_that_are_told_no_row_accuse_nobody() -> None:
    """They may be of the row that was acknowledged."""
    script = aborted().enqueue(2.0).body(3.0, row=None).body(4.0, pid=801, row=None)
    assert_valid(NAME, script)


def test_without_a_failed_enqueue_nothing_is_put_to_the_test() -> None:
    """The check says so."""
    assert "no enqueues that failed" in check(NAME, good_run()).note


def test_a_task_whose_rows_repeat_makes_rows_itself() -> None:
    """The audit tells so in one way or the other, though no call does."""
    for told in ({"repeats": True}, {"slot_at": 1005.0}):
        script = aborted().call(2.0).audit(2.05, "created", **told).answer(2.1).body(3.0)
        assert_valid(NAME, script.body(8.0, pid=801, row=2))


def test_what_nobody_tells_leaves_no_hole_in_the_proof() -> None:
    """No row, no error, no transaction."""
    script = Script().call(1.0).say(1.1, "producer-10", "fail", "enqueue", task="order-1")
    assert only_anomaly(NAME, script.effect(2.0)).proof == (
        "order-1 ran in body-800 at 2.00 s, and no enqueue can have asked for it but that of"
        " producer-10, which failed at 1.10 s"
    )
