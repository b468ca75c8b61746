"""The checker ``early-dead-letter``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "early-dead-letter"


def given_up(
    attempts: int, *, kind: str = "fail_once", ends: str = "fail", token: int = 1
) -> Script:
    """A row whose first body raised, and that was given up with so many attempts charged."""
    script = Script().call(1.0, kind=kind).created(1.01).answer(1.02)
    script.claim(2.0).body(2.1, ends=ends)
    return script.audit(2.4, "dead-letter", token=token, attempts=attempts)


def test_a_task_that_has_used_its_attempts_may_be_given_up() -> None:
    """Three are the contract's."""
    assert_valid(NAME, given_up(3))


def test_a_task_that_has_attempts_left_must_be_tried_again() -> None:
    """The proof says how many it had."""
    proof = only_anomaly(NAME, given_up(1)).proof
    assert proof == ("row 1 was given up at 2.40 s after 1 of 3 attempts, the last of which raised")


def test_the_rows_own_maximum_counts() -> None:
    """One attempt may be all that it has."""
    script = Script().call(1.0, kind="fail_once").created(1.01, max_attempts=1).answer(1.02)
    script.claim(2.0).body(2.1, ends="fail")
    assert_valid(NAME, script.audit(2.4, "dead-letter", token=1, attempts=1))


def test_a_death_is_no_reason_to_give_up() -> None:
    """Unless a task may start once only."""
    script = Script().call(1.0, kind="kill_worker").created(1.01).answer(1.02)
    script.claim(2.0).start(2.1).kill(2.2).audit(2.4, "dead-letter", token=1, attempts=1)
    assert only_anomaly(NAME, script).proof.endswith("was killed")
    assert check(NAME, script, delivery="at-most-once").verdict == Verdict.VALID


def test_what_an_engine_may_give_up_at_once_is_not_judged() -> None:
    """Another kind of task, a body that returned, and an attempt whose body nobody saw."""
    for script in (
        given_up(1, kind="return_no_json"),
        given_up(1, ends="ok"),
        given_up(1, token=2),
    ):
        assert check(NAME, script).exercised == 0


def test_what_the_audit_does_not_tell_accuses_nobody() -> None:
    """Neither how often a row was charged, nor who asked for it, nor its creation."""
    script = given_up(1).without(lambda op: op.f == "dead-letter")
    assert_valid(NAME, script.audit(2.4, "dead-letter", token=1))
    nameless = Script().audit(1.0, "claim", None, token=1).audit(2.0, "dead-letter", None, token=1)
    assert check(NAME, nameless).note.startswith("never put to the test")
    unborn = given_up(1).without(lambda op: op.f == "created")
    assert "after 1 of 3 attempts" in only_anomaly(NAME, unborn).proof
    unrun = given_up(1).without(lambda op: op.f in {"attempt", "effect"})
    assert check(NAME, unrun).note.startswith("never put to the test")
