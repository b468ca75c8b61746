"""Retries: how often, and after which pause."""

from __future__ import annotations

import pytest

from background_task.retries import backoff_seconds, has_attempts_left


@pytest.mark.parametrize(
    ("attempt", "allowed", "again"), [(1, 1, False), (1, 2, True), (2, 2, False), (3, 2, False)]
)
def test_a_task_never_starts_more_often_than_allowed(
    attempt: int, allowed: int, again: bool
) -> None:
    """The last attempt is the one whose number is the limit."""
    assert has_attempts_left(attempt, allowed) is again


@pytest.mark.parametrize(("attempt", "pause"), [(1, 5.0), (2, 10.0), (3, 20.0), (4, 40.0)])
def test_the_pause_doubles(attempt: int, pause: float) -> None:
    """Each pause is twice the one before it, with a tenth of chance on top."""
    seconds = backoff_seconds(attempt, first=5.0, longest=3600.0)

    assert pause <= seconds <= pause * 1.1


@pytest.mark.parametrize("attempt", [11, 100, 10_000])
def test_the_pause_stops_growing(attempt: int) -> None:
    """However often a task failed, its pause is a number and within the limit."""
    assert 3600.0 <= backoff_seconds(attempt, first=5.0, longest=3600.0) <= 3960.0


def test_tasks_that_failed_together_come_back_apart() -> None:
    """The pauses of equal attempts differ."""
    assert len({backoff_seconds(1, first=5.0, longest=10.0) for _ in range(50)}) > 1
