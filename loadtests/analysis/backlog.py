"""How many tasks were acknowledged and not ended, through a step, and whether it grew.

A task counts from its acknowledgement to the first end of its body; one that ends before its
enqueue has returned never counts, so the depth is never negative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import theilslopes

from reports.load_steps import Backlog

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loadtests.tally import Tally, Times, Window

SECOND_NS: Final = 1_000_000_000
FEWEST_DRAINED: Final = 20
"""Fewer bodies that end after the load are what was in flight, and no backlog that drains."""

FEWEST_SAMPLES: Final = 8
"""A window that is too short for so many samples a second apart is sampled more often."""


def backlog_of(tally: Tally, window: Window, *, since_ns: int, until_ns: int) -> Backlog:
    """Follow the depth from the begin of a step, ``since_ns``, to its end, drain included."""
    entered, left = _spans(tally)
    moments = np.arange(since_ns, until_ns + 1, SECOND_NS)
    depths = depth_at(moments, entered, left)
    return Backlog(
        start=int(depth_at(np.array([window.begin_ns]), entered, left)[0]),
        end=int(depth_at(np.array([window.end_ns]), entered, left)[0]),
        slope_per_s=round(slope(window, entered, left), 4),
        series=tuple(
            (round((moment - since_ns) / SECOND_NS, 3), depth)
            for moment, depth in zip(moments.tolist(), depths.tolist(), strict=True)
        ),
        drain_rate=drain_rate(tally.ended.times, tally.sent.times),
    )


def depth_at(moments: Times, entered: Times, left: Times) -> NDArray[np.int64]:
    """Return the depth at each moment; both times must be sorted."""
    arrived = np.searchsorted(entered, moments, side="right")
    gone = np.searchsorted(left, moments, side="right")
    return np.asarray(arrived - gone, dtype=np.int64)


def slope(window: Window, entered: Times, left: Times) -> float:
    """Return the Theil-Sen slope of the depth within a window, in tasks per second.

    It is the median of the slopes between all pairs of samples (Theil 1950, Sen 1968), so one
    checkpoint or one burst does not tilt it.
    """
    samples = max(FEWEST_SAMPLES, int(window.seconds) + 1)
    moments = np.linspace(window.begin_ns, window.end_ns, samples).astype(np.int64)
    depths = depth_at(moments, entered, left)
    return float(theilslopes(depths, (moments - window.begin_ns) / SECOND_NS).slope)


def drain_rate(ended: Times, sent: Times) -> float | None:
    """Return the bodies that ended per second after the last send, None if these were few.

    It is taken between the first and the last tenth of them: workers that look for work only now
    and then, and a last body that takes long, are left out.
    """
    if not len(sent):
        return None
    drained = np.sort(ended[ended > sent.max()])
    count = len(drained)
    if count < FEWEST_DRAINED:
        return None
    first, last = count // 10, count - 1 - count // 10
    seconds = (drained[last] - drained[first]) / SECOND_NS
    return round(float((last - first) / seconds), 3) if seconds > 0 else None


def _spans(tally: Tally) -> tuple[Times, Times]:
    """Return when tasks entered the backlog and when they left it, each sorted."""
    acknowledged, ended = tally.acknowledged, tally.ended
    _, mine, theirs = np.intersect1d(
        acknowledged.keys, ended.keys, assume_unique=True, return_indices=True
    )
    left = np.maximum(ended.times[theirs], acknowledged.times[mine])
    return np.sort(acknowledged.times), np.sort(left)
