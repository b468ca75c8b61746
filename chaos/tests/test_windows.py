"""When a fault was at work, and what is known of one that told little."""

from __future__ import annotations

import math

from chaos.tests.script import Script
from chaos.windows import find_windows


def test_a_window_is_at_work_from_its_opening_to_its_close() -> None:
    """Both belong to it; a moment before and a moment after do not."""
    (window,) = find_windows(Script().fault(2.0, "pause", until=3.0).ops)
    start, end = window.opened.time, int(window.closed)
    assert window.is_at_work(end, end + 5)
    assert window.is_at_work(start - 5, start)
    assert not window.is_at_work(end + 1, end + 5)
    assert not window.is_at_work(start - 5, start - 1)


def test_what_a_fault_does_to_each_process_is_no_window() -> None:
    """It speaks under a name of its own."""
    script = Script().say(2.0, "fault-1.1", "invoke", "pause")
    assert find_windows(script.ops) == ()


def test_a_fault_that_tells_nothing_disturbs_nothing_and_struck_nobody() -> None:
    """It landed, and was never healed."""
    script = Script().say(2.0, "fault-1", "invoke", "skew").say(2.1, "fault-1", "ok", "skew")
    (window,) = find_windows(script.ops)
    assert (window.disturbs, window.pids, window.closed) == ("nothing", frozenset(), math.inf)
    assert window.landed is not None


def test_a_fault_that_takes_its_landing_back_did_not_land() -> None:
    """A heal that failed takes nothing back."""
    script = Script().fault(2.0, "drop")
    taken = [*script.ops, *Script().say(3.0, script.ops[-1].process, "info", "drop").ops[1:]]
    (window,) = find_windows(taken)
    assert window.landed is None
    healing = [*script.ops, *Script().say(3.0, script.ops[-1].process, "info", "heal").ops[1:]]
    (window,) = find_windows(healing)
    assert window.landed is not None
