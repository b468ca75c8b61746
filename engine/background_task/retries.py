"""Whether and when a task runs again: pure decisions, no clock and no database."""

from __future__ import annotations

import random


def has_attempts_left(attempt: int, max_attempts: int) -> bool:
    """Tell whether a task whose attempt number ``attempt`` ended badly may start once more."""
    return attempt < max_attempts


def backoff_seconds(attempt: int, *, first: float, longest: float) -> float:
    """Return the pause after attempt number ``attempt``: first, twice that, four times that.

    The pause never exceeds ``longest``. Up to a tenth is added by chance, so that tasks which
    failed together do not come back together.
    """
    doubled = first * 2.0 ** min(attempt - 1, 60)
    return min(doubled, longest) * random.uniform(1.0, 1.1)  # noqa: S311 - spread, not secrecy
