"""The checker ``stats``."""

from __future__ import annotations

import pytest

from chaos.tests.judging import assert_valid, check
from chaos.tests.script import Script, good_run, killed_run
from reports.schema import Verdict

NAME = "stats"


def test_a_run_that_worked_and_killed_and_drained_is_valid() -> None:
    """All that the other checks lean on was there."""
    assert_valid(NAME, killed_run())


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        (killed_run().without(lambda op: op.f == "enqueue"), "no enqueue was acknowledged"),
        (killed_run().without(lambda op: op.f == "effect"), "no task had an effect"),
        (good_run().fault(3.0, "sigstop", landed=False), "fault sigstop at 3.00 s was never seen"),
        (good_run().kill(3.0, in_body=False), "no kill interrupted a task's body"),
        (killed_run().kill(9.0, pid=812, seen=None), "kill of process 812 at 9.00 s was never"),
        (killed_run().without(lambda op: op.f == "final-read"), "there was no final read"),
        (killed_run().read(61.0, drained=False), "the queue was not drained"),
    ],
)
def test_what_is_missing_is_named_and_proves_nothing(script: Script, missing: str) -> None:
    """UNKNOWN, never INVALID."""
    result = check(NAME, script)
    assert result.verdict == Verdict.UNKNOWN
    assert missing in result.note


def test_everything_that_is_missing_is_named() -> None:
    """Not just the first of it."""
    assert check(NAME, Script()).note.count(";") == 2


def test_a_kill_that_ended_with_an_info_did_not_land() -> None:
    """Nobody saw the process dead."""
    script = killed_run().kill(9.0, pid=812, seen=None)
    script.say(9.5, script.ops[-1].process, "info", "kill", error="TimeoutError: it lives")
    assert "812" in check(NAME, script).note


def test_a_queue_that_stuck_is_its_own_checks_business() -> None:
    """``stuck`` has said why it was not drained."""
    script = killed_run().enqueue(5.0, "order-2", 2).final(60.0, "waiting", task="order-2", row=2)
    assert_valid(NAME, script.read(61.0, drained=False))


def test_a_run_without_faults_needs_none() -> None:
    """The quiet run beside the others has to be VALID; everything else it needs still."""
    assert_valid(NAME, good_run())
    assert_valid(NAME, good_run().fault(3.0, "sigstop"))


def called(kind: str, end: str, *, aborts: bool = False) -> Script:
    """A good run with one more call, of that kind, which ends so."""
    value = {"kind": kind, "aborts": aborts}
    script = good_run().say(5.0, "producer-10", "invoke", "enqueue", task="order-9", value=value)
    return script.say(5.1, "producer-10", end, "enqueue", task="order-9", value={"row": 9})


def test_a_kind_of_call_that_never_succeeded_was_not_tried() -> None:
    """Unless it was meant to fail, or a task of it ran all the same."""
    for end in ("fail", "info"):
        assert (
            "no enqueue of the kind mail was acknowledged" in check(NAME, called("mail", end)).note
        )
    assert_valid(NAME, called("mail", "ok"))
    assert_valid(NAME, called("mail", "fail", aborts=True))
    assert_valid(NAME, called("mail", "info").body(6.0, pid=802, task="order-9", row=9))


def test_a_run_in_which_no_attempt_returned_proves_nothing() -> None:
    """Though each had its effect."""
    script = good_run().without(lambda op: op.f == "attempt" and op.type == "ok")
    assert check(NAME, script).note == "no attempt returned"
