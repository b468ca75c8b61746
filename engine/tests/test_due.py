"""Looking for due tasks: the right ones in the right order, from wherever the look begins."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from background_task import claims
from background_task.due import MOST_LANES, Lane, Lookout, lanes, seconds_until_due
from background_task.models import ScheduledTask
from background_task.outcomes import Released
from engine.project.tasks import send_mail
from engine.tests.steps import claim, record

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms


mail: Any = send_mail


def _enqueue(*priorities: int, schedule: float = 0) -> None:
    for number, priority in enumerate(priorities):
        mail(f"{priority}-{schedule}-{number}", priority=priority, schedule=schedule)


def _priorities(database: QueueDatabase, held: list[claims.Claim]) -> list[int]:
    rows = ScheduledTask.objects.in_bulk([claimed.id for claimed in held])
    return [rows[claimed.id].priority for claimed in held]


def test_the_lanes_are_the_priorities_that_wait(database: QueueDatabase, terms: Terms) -> None:
    """The highest first; a running task has none."""
    assert lanes(database) == []
    _enqueue(0, 7, -2, 7, 0)
    assert lanes(database) == [Lane(priority=7), Lane(priority=0), Lane(priority=-2)]

    claim(database, terms, limit=2)
    assert lanes(database) == [Lane(priority=0), Lane(priority=-2)]


@pytest.mark.parametrize("count", [MOST_LANES, MOST_LANES + 1])
def test_any_number_of_priorities_is_served_in_order(
    database: QueueDatabase, terms: Terms, count: int
) -> None:
    """Lane by lane while there are few, in one look when there are many; reversed on demand."""
    _enqueue(*range(count), *range(count))
    expected = [priority for priority in range(count) for _ in range(2)]

    held = claim(database, terms)
    assert _priorities(database, held) == expected[::-1]
    record(database, *(Released(claim=claimed) for claimed in held))
    assert _priorities(database, claim(database, _lowest_first(terms))) == expected


def test_future_tasks_of_a_higher_priority_are_in_nobodys_way(
    database: QueueDatabase, terms: Terms
) -> None:
    """What is due runs, and what is not does not."""
    _enqueue(9, 9, 9, schedule=3600)
    _enqueue(1, 1)

    assert _priorities(database, claim(database, terms)) == [1, 1]


def test_a_lookout_finds_everything_in_the_end(database: QueueDatabase, terms: Terms) -> None:
    """What comes back before its floor, or is enqueued above it, is found when looks are cheap."""
    lookout = Lookout()
    _enqueue(0, 0, 0, 0)
    first = _claim_with(database, terms, lookout, limit=2)
    _claim_with(database, terms, lookout, limit=1)
    record(database, *(Released(claim=claimed) for claimed in first))
    _enqueue(5)

    found = [held.id for _ in range(4) for held in _claim_with(database, terms, lookout, limit=9)]

    assert len(set(found)) == len(found) == 4


def test_an_expensive_look_is_not_repeated_at_once(database: QueueDatabase, terms: Terms) -> None:
    """While it looks from the last claimed task on, what lies before it waits."""
    if not database.dialect.leaves_dead_entries:
        pytest.skip("this database has no dead entries to pass over")
    lookout = Lookout()
    lookout.SLOW_SECONDS, lookout.SHARE = 0.0, 10**9  # type: ignore[misc]
    _enqueue(0, 0, 0)
    (first,) = _claim_with(database, terms, lookout, limit=1)
    _claim_with(database, terms, lookout, limit=1)
    record(database, Released(claim=first))
    _enqueue(5)
    ahead = _claim_with(database, terms, lookout, limit=9)

    assert first.id not in {held.id for held in ahead} or len(ahead) == 2
    assert 5 not in _priorities(database, ahead)
    # Nothing is left ahead, so it looks from the start whatever that costs.
    rest = [held for _ in range(2) for held in _claim_with(database, terms, lookout, limit=9)]
    assert not ScheduledTask.objects.filter(lease_until=None).exists()
    assert 5 in _priorities(database, rest)


def test_the_time_until_something_is_due_regards_all_lanes(
    database: QueueDatabase, terms: Terms
) -> None:
    """The next one may have the lowest priority."""
    _enqueue(5, schedule=3600)
    _enqueue(-5, schedule=60)

    seconds = seconds_until_due(database, terms)

    assert seconds is not None
    assert 0 < seconds <= 60


def _claim_with(
    database: QueueDatabase, terms: Terms, lookout: Lookout, *, limit: int
) -> list[claims.Claim]:
    with database.transaction():
        return claims.claim(database, terms, limit=limit, lookout=lookout)


def _lowest_first(terms: Terms) -> Terms:
    return dataclasses.replace(terms, lowest_first=True)
