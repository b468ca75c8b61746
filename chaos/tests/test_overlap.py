"""The checker ``overlap``."""

from __future__ import annotations

from typing import Any

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, killed_run
from reports.schema import Verdict

NAME = "overlap"
ONCE = {"delivery": "effectively-once"}


def overlapping() -> Script:
    """A second body that begins while the first one runs."""
    script = Script().enqueue(1.0).claim(2.0, until=4.0).start(2.1)
    script.claim(4.5, token=2, owner="host:901").body(4.6, pid=801, number=2)
    return script.end(6.0)


def test_one_body_after_the_other_is_right() -> None:
    """Also if the first one was killed, when it was sent and not when it was seen dead."""
    assert_valid(NAME, killed_run(), **ONCE)
    script = Script().start(2.1).kill(2.5, seen=3.0).start(2.6, pid=801, number=2)
    assert_valid(NAME, script, **ONCE)


def test_two_bodies_at_once_are_an_overlap() -> None:
    """The proof names both, and when the first one ended."""
    proof = only_anomaly(NAME, overlapping(), **ONCE).proof
    assert "was started at 4.60 s in body-801 while its attempt in body-800" in proof
    assert "begun at 2.10 s, was running, which ended at 6.00 s" in proof
    open_ended = Script().start(2.1).start(3.0, pid=801, number=2)
    assert "which never ended" in only_anomaly(NAME, open_ended, **ONCE).proof


def test_at_least_once_allows_and_counts_it() -> None:
    """It makes no run INVALID."""
    result = check(NAME, overlapping())
    assert (result.verdict, result.count, result.is_forbidden) == (Verdict.VALID, 1, False)


def test_effectively_once_excuses_a_worker_that_was_paused_beyond_its_lease() -> None:
    """Not under at-most-once, and not if the pause was another worker's, or came later."""
    struck: dict[str, Any] = {"until": 5.0, "disturbs": "processes"}
    assert_valid(NAME, overlapping().fault(3.0, "pause", pids=(900,), **struck), **ONCE)
    assert_valid(NAME, overlapping().fault(3.0, "pause", pids=(800,), **struck), **ONCE)
    only_anomaly(NAME, overlapping().fault(3.0, "pause", pids=(901,), **struck), **ONCE)
    only_anomaly(NAME, overlapping().fault(4.7, "pause", pids=(900,), **struck), **ONCE)
    paused = overlapping().fault(3.0, "pause", pids=(900,), **struck)
    only_anomaly(NAME, paused, delivery="at-most-once")


def test_a_body_that_was_paused_before_it_began_is_excused() -> None:
    """It was ordered first, and overtaken."""
    script = Script().enqueue(1.0).claim(2.0, until=4.0).claim(4.5, token=2, owner="host:901")
    script.start(4.6, pid=801, number=2).start(5.1).end(5.5, pid=801).end(5.6)
    only_anomaly(NAME, script, **ONCE)
    script.fault(2.1, "pause", until=5.0, disturbs="processes", pids=(800,))
    assert_valid(NAME, script, **ONCE)


def test_second_starts_are_what_is_put_to_the_test() -> None:
    """A row that started three times has two."""
    script = Script().start(1.0).end(1.5).start(2.0, 801, 2).end(2.5, 801).start(3.0, 802, 3)
    assert check(NAME, script, **ONCE).exercised == 2
    assert check(NAME, Script().start(1.0), **ONCE).exercised == 0


def test_every_start_during_another_body_is_found() -> None:
    """Each with the last body that ran."""
    script = Script().start(1.0).start(2.0, 801, 2).start(3.0, 802, 3)
    result = check(NAME, script, **ONCE)
    assert result.count == 2
    assert "its attempt in body-801" in result.anomalies[1].proof


def test_who_may_have_died_before_is_not_running() -> None:
    """Under at-most-once, where nothing else excuses it; one that returned runs no more."""
    killed = Script().start(2.1).kill(2.5, seen=3.0).start(2.6, pid=801, number=2)
    assert_valid(NAME, killed, delivery="at-most-once")
    ended = Script().start(2.1).end(2.5).start(2.6, pid=801, number=2)
    assert_valid(NAME, ended, delivery="at-most-once")
