"""Whom faults held up, and until when."""

from __future__ import annotations

from chaos.hold_ups import HoldUps
from chaos.tests.script import Script
from chaos.windows import find_windows


def test_a_long_fault_goes_on_after_a_short_one_within_it() -> None:
    """Its close counts, whichever began last."""
    script = Script().fault(1.0, "slow", until=9.0, disturbs="database")
    script.fault(2.0, "cut", until=3.0, disturbs="database")
    windows = find_windows(script.ops)
    zero, closes = script.ops[0].time, sorted(window.closed for window in windows)
    holds = HoldUps(windows)
    assert holds.last_close(None, zero + 5e9, zero + 6e9) == closes[-1]
    assert holds.last_close(None, zero, zero + 5e8) is None
    assert holds.last_close(None, closes[-1] + 1, closes[-1] + 2) is None


def test_the_latest_fault_counts_and_not_the_one_before_it() -> None:
    """Two that do not meet."""
    script = Script().fault(1.0, "cut", until=2.0, disturbs="database")
    script.fault(5.0, "cut", until=6.0, disturbs="database")
    first, second = find_windows(script.ops)
    holds, zero = HoldUps([first, second]), script.ops[0].time
    assert holds.last_close(None, zero + 5.5e9, zero + 7e9) == second.closed
    assert holds.last_close(None, zero + 3e9, zero + 4e9) is None
