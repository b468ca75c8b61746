"""Prefetch: fast tasks are claimed ahead, slow ones never."""

from __future__ import annotations

import pytest

from background_task.claims import Claim
from background_task.worker.prefetch import (
    SLICE_BYTES,
    SLICE_LENGTH,
    SLICE_SECONDS,
    Durations,
    next_slice,
    wanted,
)


def _claims(count: int, *, name: str = "mail", params: str = "[[], {}]") -> list[Claim]:
    return [
        Claim(
            id=number,
            token=1,
            attempt=1,
            max_attempts=1,
            timeout_seconds=1.0,
            task_name=name,
            task_params=params,
        )
        for number in range(count)
    ]


def _after(*seconds: float, name: str = "mail") -> Durations:
    durations = Durations()
    for duration in seconds:
        durations.note(name, duration)
    return durations


def test_a_new_worker_claims_one_task_for_each_idle_child() -> None:
    """Nothing is known yet, so everything is taken for slow."""
    assert Durations().slice_length() == 1
    assert wanted(children=4, idle=4, waiting=0, slice_length=1) == 4


@pytest.mark.parametrize(("idle", "waiting", "claimed"), [(0, 0, 0), (2, 1, 1), (1, 3, 0)])
def test_slow_tasks_are_claimed_for_idle_children_only(
    idle: int, waiting: int, claimed: int
) -> None:
    """A slow task is never held behind another one."""
    assert wanted(children=4, idle=idle, waiting=waiting, slice_length=1) == claimed


@pytest.mark.parametrize(("waiting", "claimed"), [(0, 40), (20, 20), (21, 0), (100, 0)])
def test_fast_tasks_are_claimed_when_half_of_the_store_is_gone(waiting: int, claimed: int) -> None:
    """One claim serves many tasks, and the store stays below a slice for each child."""
    assert wanted(children=2, idle=0, waiting=waiting, slice_length=20) == claimed


def test_no_children_want_nothing() -> None:
    """Without a child there is nothing to claim for."""
    assert wanted(children=0, idle=0, waiting=0, slice_length=20) == 0


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e-4])
def test_no_slice_is_longer_than_the_bound(seconds: float) -> None:
    """However fast tasks are, a child gets a bounded number."""
    durations = _after(*[seconds] * 100)

    assert durations.slice_length() == SLICE_LENGTH
    assert len(next_slice(_claims(SLICE_LENGTH + 1), durations)) == SLICE_LENGTH


def test_a_slice_is_a_bounded_amount_of_work() -> None:
    """A child gets as many tasks as it is expected to run in the time of a slice."""
    durations = _after(SLICE_SECONDS / 4)

    assert len(next_slice(_claims(100), durations)) == 4


def test_slow_tasks_are_handed_out_one_by_one() -> None:
    """A task longer than a slice goes alone."""
    assert len(next_slice(_claims(3), _after(60.0))) == 1


def test_a_name_that_was_never_seen_goes_alone() -> None:
    """A new task may be slow, so nothing is put behind it."""
    mixed = [*_claims(1, name="new"), *_claims(5)]

    assert [claim.task_name for claim in next_slice(mixed, _after(1e-4))] == ["new"]


def test_a_slice_is_a_bounded_number_of_bytes() -> None:
    """Long arguments go in small parts, and the longest alone."""
    third = _claims(5, params="x" * (SLICE_BYTES // 3))
    huge = _claims(2, params="x" * (2 * SLICE_BYTES))

    assert len(next_slice(third, _after(1e-4))) == 3
    assert len(next_slice(huge, _after(1e-4))) == 1


def test_a_slice_of_nothing_is_empty() -> None:
    """With nothing waiting there is nothing to hand out."""
    assert next_slice([], Durations()) == []


def test_a_task_that_becomes_slow_is_believed_at_once() -> None:
    """One slow run stops the prefetch; no average hides it."""
    durations = _after(*[0.001] * 50, 30.0)

    assert durations.of("mail") == 30.0
    assert durations.slice_length() == 1


def test_a_task_that_becomes_fast_is_believed_slowly() -> None:
    """One fast run after slow ones does not start the prefetch; many do."""
    once = _after(30.0, 0.001)
    often = _after(30.0, *[0.001] * 100)

    assert once.of("mail") > SLICE_SECONDS
    assert often.of("mail") < SLICE_SECONDS
