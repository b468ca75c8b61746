"""What the reader makes of calls and bodies of which little is told."""

from __future__ import annotations

from chaos.history import History
from chaos.tests.script import Script


def test_a_call_that_ended_in_the_unknown_has_no_end() -> None:
    """Nobody knows what it did."""
    script = Script().call(1.0).refuse(1.1, "info").call(2.0).refuse(2.1, "fail")
    unknown, failed = History(script.ops).tasks["order-1"].enqueues
    assert unknown.end is None
    assert failed.end is not None


def test_a_body_runs_in_the_process_that_it_names_or_else_in_that_of_its_name() -> None:
    """A thread may speak under another name than its process."""
    script = Script().say(1.0, "body-7", "invoke", "attempt", task="a", value={"pid": 800})
    script.say(2.0, "body-801", "invoke", "attempt", task="a")
    assert [attempt.pid for attempt in History(script.ops).tasks["a"].attempts] == [800, 801]


def test_only_a_body_that_came_to_its_own_end_has_an_answer() -> None:
    """One that was killed or cut off has none, whatever was said of it."""
    script = Script().start(1.0).end(1.5).start(2.0, 801, 2).end(2.5, 801, "info")
    script.start(3.0, 802, 3).end(3.5, 802, "info").death(4.0, 802)
    attempts = History(script.ops).tasks["order-1"].attempts
    assert [attempt.outcome for attempt in attempts] == ["ok", "open", "killed"]
    assert [attempt.answer is not None for attempt in attempts] == [True, False, False]
