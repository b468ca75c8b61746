"""The backlog through a step, how fast it drains, and Little's law over it."""

from __future__ import annotations

import numpy as np
import pytest

from loadtests.analysis.backlog import backlog_of
from loadtests.analysis.littles_law import littles_law_error
from loadtests.tally import Moments, Tally, Window

SECOND = 1_000_000_000
BEGUN = 5 * SECOND
WINDOW = Window(begin_ns=BEGUN + 2 * SECOND, end_ns=BEGUN + 12 * SECOND)
LOADED_SECONDS = 12


def moments(keys: np.ndarray, intended: np.ndarray, times: np.ndarray) -> Moments:
    """Return moments at seconds since the step began."""
    at = [np.round(BEGUN + seconds * SECOND).astype(np.int64) for seconds in (intended, times)]
    return Moments(keys=keys.astype(np.uint64), intended=at[0], times=at[1])


def queue(rate: float, service_rate: float, until: float, latency: float = 0.01) -> Tally:
    """Return what a queue leaves that ends at most ``service_rate`` bodies a second, in order."""
    arrivals = np.arange(0, LOADED_SECONDS, 1 / rate)
    keys = np.arange(len(arrivals))
    ready = arrivals + latency
    ends = np.maximum.accumulate(ready - keys / service_rate) + keys / service_rate
    has_ended = ends <= until
    acknowledged = moments(keys, arrivals, arrivals + 0.001)
    return Tally(
        sent=moments(keys, arrivals, arrivals),
        acknowledged=acknowledged,
        refused=moments(keys[:0], arrivals[:0], arrivals[:0]),
        ended=moments(keys[has_ended], arrivals[has_ended], ends[has_ended]),
        ends=int(has_ended.sum()),
        duplicated=0,
    )


def test_a_queue_that_keeps_up_has_a_flat_backlog_and_nothing_to_drain() -> None:
    """The slope is next to nothing, and what is in flight at the end is no drain."""
    tally = queue(200, 1000, until=20)
    backlog = backlog_of(tally, WINDOW, since_ns=BEGUN, until_ns=BEGUN + 20 * SECOND)
    assert abs(backlog.slope_per_s) < 0.5
    assert backlog.start <= 3
    assert backlog.drain_rate is None


def test_an_overloaded_queue_grows_by_what_it_does_not_end_and_drains_at_its_own_pace() -> None:
    """200 arrive and 150 end a second: 50 are left over, and later 150 a second are drained."""
    tally = queue(200, 150, until=60)
    backlog = backlog_of(tally, WINDOW, since_ns=BEGUN, until_ns=BEGUN + 20 * SECOND)
    assert backlog.slope_per_s == pytest.approx(50, rel=0.05)
    assert backlog.start == pytest.approx(100, abs=5)
    assert backlog.end == pytest.approx(600, abs=5)
    assert backlog.drain_rate == pytest.approx(150, rel=0.02)


def test_the_series_has_a_depth_each_second_from_the_begin_to_the_end() -> None:
    """It begins with nothing, has its peak as the load stops, and comes back to nothing."""
    tally = queue(200, 150, until=60)
    backlog = backlog_of(tally, WINDOW, since_ns=BEGUN, until_ns=BEGUN + 20 * SECOND)
    assert [at for at, _ in backlog.series] == [float(second) for second in range(21)]
    depths = [depth for _, depth in backlog.series]
    assert depths[0] == 0
    assert depths.index(max(depths)) == LOADED_SECONDS
    assert depths[-1] == 0


def test_a_task_that_ends_before_its_enqueue_returns_is_never_in_the_backlog() -> None:
    """Quick workers overtake producers; the depth does not go below nothing."""
    tally = queue(200, 1000, until=20, latency=0.0)
    backlog = backlog_of(tally, WINDOW, since_ns=BEGUN, until_ns=BEGUN + 20 * SECOND)
    assert min(depth for _, depth in backlog.series) == 0
    assert max(depth for _, depth in backlog.series) == 0


def test_a_short_window_is_sampled_more_often() -> None:
    """Two seconds give a slope as well."""
    tally = queue(200, 100, until=20)
    window = Window(begin_ns=BEGUN + 2 * SECOND, end_ns=BEGUN + 4 * SECOND)
    backlog = backlog_of(tally, window, since_ns=BEGUN, until_ns=BEGUN + 20 * SECOND)
    assert backlog.slope_per_s == pytest.approx(100, rel=0.1)


def test_a_step_in_which_nothing_happened_has_an_empty_backlog() -> None:
    """An idle step has no drain, no slope and no Little's law."""
    nothing = queue(200, 150, until=-1)
    none = nothing.ended
    empty = Tally(sent=none, acknowledged=none, refused=none, ended=none, ends=0, duplicated=0)
    backlog = backlog_of(empty, WINDOW, since_ns=BEGUN, until_ns=BEGUN + 20 * SECOND)
    assert (backlog.start, backlog.end, backlog.slope_per_s) == (0, 0, 0.0)
    assert backlog.drain_rate is None
    assert littles_law_error(empty, WINDOW, until_ns=BEGUN + 20 * SECOND) is None


def test_a_drain_in_one_moment_has_no_rate() -> None:
    """Bodies that all end at the same time tell no pace."""
    tally = queue(200, 1e12, until=100, latency=30.0)
    same = moments(tally.ended.keys, np.zeros(len(tally.ended.keys)), np.full(2400, 40.0))
    stuck = Tally(
        sent=tally.sent,
        acknowledged=tally.acknowledged,
        refused=tally.refused,
        ended=same,
        ends=2400,
        duplicated=0,
    )
    backlog = backlog_of(stuck, WINDOW, since_ns=BEGUN, until_ns=BEGUN + 50 * SECOND)
    assert backlog.drain_rate is None


def test_littles_law_holds_for_a_queue_that_keeps_up() -> None:
    """Counts and durations of a steady queue fit together within a tenth."""
    tally = queue(200, 1000, until=20, latency=0.05)
    error = littles_law_error(tally, WINDOW, until_ns=BEGUN + 20 * SECOND)
    assert error is not None
    assert error < 0.1


def test_littles_law_fails_for_a_queue_that_does_not() -> None:
    """What never ended is in the queue and in no duration."""
    tally = queue(200, 60, until=13)
    error = littles_law_error(tally, WINDOW, until_ns=BEGUN + 13 * SECOND)
    assert error is not None
    assert error > 0.2


def test_littles_law_says_nothing_of_bodies_without_any_duration() -> None:
    """A queue in which nothing ever was has nothing to divide by."""
    tally = queue(200, 1e12, until=20, latency=0.0)
    assert littles_law_error(tally, WINDOW, until_ns=BEGUN + 20 * SECOND) is None
