"""The checker ``leak``."""

from __future__ import annotations

import pytest

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "leak"


def ended() -> Script:
    """The last of two workers ended at 5 s."""
    return Script().exit(4.0, pid=901).exit(5.0)


def test_a_database_without_sessions_is_right() -> None:
    """So is one whose sessions hold nothing, whatever it calls that."""
    assert_valid(NAME, ended().sessions(5.1))
    assert_valid(NAME, ended().sessions(7.0, "idle", "Sleep", ""))


@pytest.mark.parametrize("state", ["idle in transaction", "active", "Query"])
def test_a_session_that_holds_on_is_a_leak(state: str) -> None:
    """The proof names it, its state, its age and its statement."""
    assert only_anomaly(NAME, ended().sessions(7.0, "idle", state)).proof == (
        f"session 42 was {state} for 3.0 s at 7.00 s, although the last worker had ended at"
        " 5.00 s; its statement was SELECT 1"
    )


def test_a_session_of_a_worker_that_ended_a_moment_ago_proves_nothing() -> None:
    """The database need not have seen it yet."""
    assert check(NAME, ended().sessions(5.9, "active")).verdict == Verdict.UNKNOWN
    only_anomaly(NAME, ended().sessions(6.1, "active"))


def test_the_last_look_decides() -> None:
    """What was there before is gone."""
    assert_valid(NAME, ended().sessions(7.0, "active").sessions(8.0))


def test_without_a_look_or_without_an_exit_nobody_knows() -> None:
    """The sessions may be those of the living."""
    for script in (ended(), Script().sessions(7.0, "active")):
        assert check(NAME, script).verdict == Verdict.UNKNOWN


def test_how_much_was_looked_at_is_one_look_or_none() -> None:
    """A check that crashed says so in its note, and these did not."""
    for script, exercised in ((ended(), 0), (Script().sessions(7.0, "active"), 0)):
        result = check(NAME, script)
        assert (result.exercised, result.note[:10]) == (exercised, "never put ")
    assert check(NAME, ended().sessions(5.9, "active")).exercised == 0
    assert check(NAME, ended().sessions(7.0)).exercised == 1
    assert check(NAME, ended().say(7.0, "harness", "ok", "sessions")).exercised == 1


def test_what_a_database_does_not_tell_is_left_open() -> None:
    """Not every one knows since when, and what."""
    open_ = [{"session": 42, "state": "active"}]
    script = ended().say(7.0, "harness", "ok", "sessions", value={"open": open_})
    assert only_anomaly(NAME, script).proof == (
        "session 42 was active for 0.0 s at 7.00 s, although the last worker had ended at 5.00 s;"
        " its statement was unknown"
    )
