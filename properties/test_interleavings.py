"""Two or three sessions against one queue, in generated orders of their SQL statements."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from background_task import claims, outcomes
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from background_task.outcomes import Finished
from engine.project.tasks import send_mail
from properties.interleaver import Schedule, interleave
from properties.machine import TERMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase


def schedules(sessions: int) -> st.SearchStrategy[Schedule]:
    """Orders of run-to-end sessions with a few preemptions; they shrink to the fewest."""
    return st.builds(
        Schedule,
        order=st.permutations(range(sessions)).map(tuple),
        preemptions=st.dictionaries(st.integers(1, 14), st.integers(0, sessions - 1), max_size=3),
    )


@given(schedule=schedules(2), tasks=st.integers(1, 4), limit=st.integers(1, 3))
def test_no_task_is_claimed_twice(
    database: QueueDatabase, schedule: Schedule, tasks: int, limit: int
) -> None:
    """Two workers that claim at the same time get different tasks, under different tokens."""
    fill(tasks)
    claim = claimer(database, limit)

    first, second = interleave(database.alias, [claim, claim], schedule)

    assert not ids(first) & ids(second), "double-claim"
    assert all(task.attempts == (task.pk in ids(first) | ids(second)) for task in live())


@given(schedule=schedules(2))
def test_a_duplicate_is_ignored_in_every_order(database: QueueDatabase, schedule: Schedule) -> None:
    """Two equal calls at the same time make one row, and both are told which."""
    fill(0)

    rows = interleave(database.alias, [lambda: send_mail("same").pk] * 2, schedule)

    assert [task.pk for task in live()] == [rows[0]], "dedupe-violation"
    assert rows[0] == rows[1]


@given(schedule=schedules(3))
def test_a_zombie_changes_nothing_in_every_order(
    database: QueueDatabase, schedule: Schedule
) -> None:
    """A worker finishes late, a reaper takes its task back, an heir claims: one of them wins."""
    fill(1)
    (stale,) = claimer(database, 1)()
    ScheduledTask.objects.update(lease_until=F("lease_until") - timedelta(days=1))

    lost, reaped, inherited = interleave(
        database.alias,
        [
            finisher(database, stale),
            lambda: outcomes.reap(database, TERMS),
            claimer(database, 1),
        ],
        schedule,
    )

    if lost:
        assert reaped, "lost-wakeup"
        assert [task.attempts for task in live()] == [1 + len(inherited)]
        assert not CompletedTask.objects.exists(), "zombie-finish"
    else:
        assert not live()
        assert not inherited, "zombie-finish"
        assert CompletedTask.objects.count() == 1


@given(schedule=schedules(2))
def test_a_task_is_reaped_once_in_every_order(database: QueueDatabase, schedule: Schedule) -> None:
    """Two reapers take an exhausted task back once: it is one dead letter."""
    fill(1)
    claimer(database, 1)()
    ScheduledTask.objects.update(
        lease_until=F("lease_until") - timedelta(days=1), attempts=TERMS.max_attempts
    )

    reaped = interleave(database.alias, [lambda: outcomes.reap(database, TERMS)] * 2, schedule)

    assert sum(map(len, reaped)) == 1
    assert not live()
    assert FailedTask.objects.count() == 1


def fill(count: int) -> None:
    """Begin with so many waiting tasks and nothing else."""
    for table in (ScheduledTask, CompletedTask, FailedTask):
        table.objects.all().delete()
    for number in range(count):
        send_mail(f"order-{number}")


def live() -> list[ScheduledTask]:
    """Return the live rows."""
    return list(ScheduledTask.objects.order_by("pk"))


def ids(claimed: list[Claim]) -> set[int]:
    """Return the rows of claims."""
    return {claim.id for claim in claimed}


def claimer(database: QueueDatabase, limit: int) -> Callable[[], list[Claim]]:
    """Return a program that claims, as a supervisor does: again after a transient error."""

    def claim() -> list[Claim]:
        with database.transaction():
            return claims.claim(database, TERMS, limit=limit)

    return again(database, claim)


def finisher(database: QueueDatabase, claim: Claim) -> Callable[[], list[Claim]]:
    """Return a program that finishes a claim and returns it if that was stale."""

    def finish() -> list[Claim]:
        with database.transaction():
            return outcomes.record(database, [Finished(claim=claim)], keep_completed=True)

    return again(database, finish)


def again(database: QueueDatabase, program: Callable[[], Any]) -> Callable[[], Any]:
    """Run a program again while it is the victim of a deadlock, at most five times."""

    def run() -> Any:
        for _ in range(5):
            try:
                return program()
            except DatabaseError as error:
                if not database.dialect.is_transient(error):
                    raise
        return program()

    return run
