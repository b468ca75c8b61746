"""Counters and gauges, asked about a window whose borders lie between samples."""

from __future__ import annotations

import pytest

from loadtests.probes.series import Counters, Gauges
from loadtests.probes.sqlite import quantile_ms
from loadtests.probes.waits import Waits


def test_an_interval_that_a_border_cuts_counts_by_its_part() -> None:
    """Half of the first interval and a quarter of the last one are inside."""
    counters: Counters[str] = Counters()
    for time_ns, value in ((0, 100.0), (10, 120.0), (20, 130.0), (30, 170.0)):
        counters.sample(time_ns, {"commits": value})

    assert counters.within(5, 22) == {"commits": pytest.approx(10 + 10 + 8)}


def test_what_lies_outside_of_all_samples_adds_nothing() -> None:
    """A window may begin before the first sample and end after the last one."""
    counters: Counters[str] = Counters()
    counters.sample(10, {"commits": 5.0})
    counters.sample(20, {"commits": 9.0})

    assert counters.within(0, 100) == {"commits": 4.0}
    assert counters.within(30, 40) == {"commits": 0.0}


def test_a_counter_that_fell_has_begun_anew() -> None:
    """A restarted server counts from zero, and nothing of it is lost or negative."""
    counters: Counters[str] = Counters()
    for time_ns, value in ((0, 1000.0), (10, 1010.0), (20, 3.0)):
        counters.sample(time_ns, {"commits": value})

    assert counters.within(0, 20) == {"commits": 13.0}


def test_a_counter_that_appears_began_at_zero() -> None:
    """A process that started within the window is counted whole; one that is gone stays."""
    counters: Counters[str] = Counters()
    counters.sample(0, {"old": 7.0})
    counters.sample(10, {"old": 8.0, "new": 4.0})
    counters.sample(20, {"new": 5.0})

    assert counters.within(0, 20) == {"old": 1.0, "new": 5.0}


def test_one_sample_is_no_growth() -> None:
    """Without a second look nothing is known to have happened."""
    counters: Counters[str] = Counters()
    counters.sample(5, {"commits": 7.0})

    assert counters.within(0, 10) == {"commits": 0.0}


def test_the_largest_value_is_that_of_the_window() -> None:
    """A higher one before or after it is none of its."""
    gauges = Gauges()
    for time_ns, value in ((0, 9.0), (10, 2.0), (20, 3.0), (30, 8.0)):
        gauges.sample(time_ns, {"connections_max": value})

    assert gauges.largest(5, 25) == {"connections_max": 3.0}
    assert gauges.largest(11, 12) == {}


def test_looks_at_an_idle_database_are_counted_too() -> None:
    """The share of a wait is of all looks, not only of those that saw somebody."""
    waits = Waits()
    waits.look(1, {"Lock:relation": 2, "CPU:CPU": 1})
    waits.look(2, {})
    waits.look(3, {"Lock:relation": 1})
    waits.look(9, {"IO:WalSync": 5})

    assert waits.within(1, 3) == ({"Lock:relation": 3, "CPU:CPU": 1}, 3)


def test_a_quantile_lies_within_its_bucket() -> None:
    """Of 99 durations below 4 us and one of 262 to 524 ms, the 99th is small and the last not."""
    buckets = [0.0] * 32
    buckets[2], buckets[19] = 99.0, 1.0
    last = quantile_ms(buckets, 1.0)

    assert quantile_ms(buckets, 0.99) == pytest.approx(0.004)
    assert last == pytest.approx(524.288)
    assert quantile_ms([0.0] * 32, 0.99) is None
