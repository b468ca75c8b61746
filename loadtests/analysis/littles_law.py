"""Little's law, L = lambda W: whether a step's counts and durations fit together.

L is the mean number of tasks between their intended enqueue and the end of their body, lambda the
bodies that end per second, and W their mean time. The law holds for any queue over a long window
in which the backlog does not grow (Little 1961), so an error above a tenth (load.md 2.2) tells of a
window that is too short, of a backlog that grows, or of a measurement that is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from loadtests.tally import Tally, Window


def littles_law_error(tally: Tally, window: Window, *, until_ns: int) -> float | None:
    """Return |L - lambda W| / L over a window; None if nothing ended in it.

    A task that had not ended at ``until_ns`` was in the system until then.
    """
    ended_within = window.holds(tally.ended.times)
    if not ended_within.any():
        return None
    waiting = tally.unfinished().intended
    begins = np.concatenate([tally.ended.intended, waiting])
    ends = np.concatenate([tally.ended.times, np.full(len(waiting), until_ns)])
    shared = np.minimum(ends, window.end_ns) - np.maximum(begins, window.begin_ns)
    in_system = np.clip(shared, 0, None).sum() / (window.end_ns - window.begin_ns)
    waited_ns = tally.ended.delays()[ended_within]
    expected = waited_ns.sum() / (window.end_ns - window.begin_ns)
    return round(float(abs(in_system - expected) / in_system), 4) if in_system > 0 else None
