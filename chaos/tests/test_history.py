"""How a history is read: attempts, deaths, rows."""

from __future__ import annotations

import math

import pytest

from chaos.deaths import Death
from chaos.history import History
from chaos.tests.script import Script, good_run, killed_run


def nanoseconds(seconds: float) -> int:
    """The time of a script's second."""
    return 5_000_000_000 + round(seconds * 1e9)


def test_an_attempt_ends_as_its_body_says() -> None:
    """Returned or raised."""
    returned, raised = (
        History(Script().body(1.0, ends=ends).ops).tasks["order-1"].attempts[0]
        for ends in ("ok", "fail")
    )
    assert (returned.outcome, returned.end) == ("ok", nanoseconds(1.2))
    assert (raised.outcome, raised.end) == ("fail", nanoseconds(1.2))
    assert (returned.process, returned.pid, returned.token) == ("body-800", 800, 1)


def test_an_end_that_nobody_knows_is_no_end() -> None:
    """It stays open, unless its process died."""
    (attempt,) = History(Script().body(1.0, ends="info").ops).tasks["order-1"].attempts
    assert (attempt.outcome, attempt.end) == ("open", math.inf)


def test_a_kill_closes_the_attempts_that_its_process_left_open() -> None:
    """When it was seen dead; what came after is another process's."""
    first, second = History(killed_run().ops).tasks["order-1"].attempts
    assert (first.outcome, first.end) == ("killed", nanoseconds(2.31))
    assert second.outcome == "ok"


def test_an_exit_closes_them_too_and_the_earlier_sight_counts() -> None:
    """Whoever saw it first."""
    script = Script().start(1.0).kill(2.0, seen=0.5).exit(2.2, pid=800, status=-9)
    (attempt,) = History(script.ops).tasks["order-1"].attempts
    assert (attempt.outcome, attempt.end) == ("killed", nanoseconds(2.2))


def test_a_kill_that_was_not_seen_to_land_closes_nothing() -> None:
    """Nobody knows whether the process lives."""
    (attempt,) = History(Script().start(1.0).kill(2.0, seen=None).ops).tasks["order-1"].attempts
    assert attempt.outcome == "open"


def test_a_death_before_the_start_was_another_processs() -> None:
    """The system gave the pid again."""
    (attempt,) = History(Script().kill(0.5).start(1.0).ops).tasks["order-1"].attempts
    assert attempt.outcome == "open"


def test_a_death_in_the_moment_of_the_start_closes_the_attempt() -> None:
    """A tie of the clock leaves nothing open."""
    (attempt,) = History(Script().start(1.0).kill(0.9, seen=0.1).ops).tasks["order-1"].attempts
    assert attempt.outcome == "killed"


def test_a_process_that_crashed_died_after_its_last_word() -> None:
    """One that ended in order died when it was waited for."""
    crashed = History(Script().body(1.0).exit(9.0, pid=800, status=1).ops).deaths[800]
    assert (crashed.earliest, crashed.seen) == (nanoseconds(1.2), nanoseconds(9.0))
    orderly = History(Script().body(1.0).exit(9.0, pid=800, status=0).ops).deaths[800]
    assert (orderly.earliest, orderly.seen) == (nanoseconds(9.0), nanoseconds(9.0))
    silent = History(Script().exit(9.0, pid=800, status=1).ops).deaths[800]
    assert silent.earliest == nanoseconds(9.0)


def test_a_process_that_was_killed_died_after_the_kill_was_sent() -> None:
    """Its last word and the exit that follows do not make that earlier."""
    script = Script().body(1.0).kill(5.0, seen=0.2).exit(6.0, pid=800, status=-9)
    death = History(script.ops).deaths[800]
    assert (death.earliest, death.seen) == (nanoseconds(5.0), nanoseconds(5.2))


def test_a_process_that_kills_itself_may_do_so_before_that_is_announced() -> None:
    """From its last word on."""
    script = Script().start(1.0)
    value = {"pid": 800, "target": "itself"}
    script.say(3.0, "fault-1", "invoke", "kill", value=value)
    script.say(3.1, "fault-1", "ok", "kill", value={"pid": 800, "in_body": True})
    death = History(script.ops).deaths[800]
    assert (death.earliest, death.seen) == (nanoseconds(1.0), nanoseconds(3.1))


def test_a_kill_that_ended_with_an_info_may_have_killed() -> None:
    """Nobody saw the process dead, so its attempt stays open."""
    script = Script().start(1.0).kill(2.0, seen=None)
    history = History(script.say(3.0, script.ops[-1].process, "info", "kill").ops)
    assert history.tasks["order-1"].attempts[0].outcome == "open"
    assert (history.deaths[800].earliest, history.deaths[800].seen) == (nanoseconds(2.0), None)


def test_a_death_includes_its_two_ends() -> None:
    """A tie of the clock accuses nobody, and a sight is a sight."""
    death = Death(pid=1, earliest=10, seen=20)
    assert death.may_fall_between(20, 30)
    assert death.may_fall_between(0, 10)
    assert not death.may_fall_between(21, 30)
    assert not death.may_fall_between(0, 9)
    assert death.is_seen_by(20)
    assert not death.is_seen_by(19)


def test_a_kill_that_failed_kills_nobody() -> None:
    """It certainly had no effect."""
    script = Script().say(1.0, "fault-1", "invoke", "kill", value={"pid": 800})
    history = History(script.say(1.1, "fault-1", "fail", "kill").ops)
    assert history.deaths == {}
    assert not history.kills[0].landed


def test_a_kill_that_was_seen_without_being_announced_counts() -> None:
    """The sight is the proof."""
    script = Script().say(1.0, "fault-1", "ok", "kill", value={"pid": 800, "in_body": True})
    assert History(script.ops).kills[0].in_body
    assert History(script.ops).deaths[800].seen == nanoseconds(1.0)


def test_an_end_that_never_began_is_no_history() -> None:
    """The reader names the process and the task."""
    with pytest.raises(ValueError, match=r"producer-10 ended an enqueue of order-1"):
        History(Script().answer(1.0).ops)
    with pytest.raises(ValueError, match=r"body-800 ended an attempt of order-1"):
        History(Script().end(1.0).ops)
    with pytest.raises(ValueError, match=r"body-800 ended an attempt of order-1"):
        History(Script().body(1.0).end(2.0).ops)


def test_ops_that_name_their_row_only_are_given_to_its_task() -> None:
    """In the order of time."""
    script = (
        Script().enqueue(1.0).audit(2.0, "claim", None, token=1).final(3.0, "waiting", task=None)
    )
    task = History(script.ops).tasks["order-1"]
    assert [op.f for op in task.ops] == ["enqueue", "created", "enqueue", "claim", "row"]
    assert [op.f for op in task.finals] == ["row"]
    assert [claim.token for claim in task.rows[1].claims] == [1]


def test_audit_ops_that_name_no_row_are_given_to_the_only_row_of_their_task() -> None:
    """In the order of the audit; of two rows nobody knows which."""
    script = Script().enqueue(1.0).audit(2.0, "finish", row=None)
    task = History(script.ops).tasks["order-1"]
    assert [op.f for op in task.rows[1].audit] == ["created", "finish"]
    assert task.loose == []
    task = History(script.enqueue(3.0, row=2).ops).tasks["order-1"]
    assert [op.f for op in task.loose] == ["finish"]


def test_phases_and_faults_are_found() -> None:
    """For whoever draws them."""
    history = History(killed_run().ops)
    assert [op.value["name"] for op in history.phases] == ["setup"]
    assert [op.type for op in history.faults] == ["invoke", "ok"]


def test_seconds_count_from_the_first_op() -> None:
    """As a reader's watch does."""
    history = History(good_run().ops)
    assert history.at(nanoseconds(2.5)) == "2.50 s"
