"""Periodic tasks: the end of a run and the beginning of the next are one transaction."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from background_task import claims, outcomes, periodic
from background_task.enqueue import Enqueue, enqueue
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from background_task.outcomes import Failed, Finished, Outcome
from engine.project.models import Mail
from engine.tests.steps import claim, expire, record
from engine.tests.threads import threads

if TYPE_CHECKING:
    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

MINUTE = datetime.timedelta(minutes=1)
REPEAT = {"repeat": 60}


def _start(database: QueueDatabase, *, ago: float = 0.0, **options: Any) -> Any:
    """Enqueue a periodic task whose slot was so many seconds ago."""
    slot = database.time_of(-ago).replace(microsecond=0)
    request = Enqueue(task_name="tick", task_params="[[1], {}]", run_at=slot, **options)
    row = enqueue(request)
    return ScheduledTask.objects.get(id=row.pk)


def _row() -> Any:
    return ScheduledTask.objects.get()


def _claim(database: QueueDatabase, terms: Terms) -> Claim:
    (held,) = claim(database, terms)
    return held


def _last(held: Claim) -> Failed:
    return Failed(claim=held._replace(max_attempts=held.attempt), error="no", retry_in=1.0)


@pytest.mark.parametrize("end", ["finished", "dead-lettered", "reaped"])
def test_the_next_run_takes_the_place_of_the_one_that_ends(
    database: QueueDatabase, terms: Terms, end: str
) -> None:
    """However it ends, the next row is there with it, and the ended one is, too."""
    first = _start(database, **REPEAT)
    held = _claim(database, terms)

    if end == "finished":
        record(database, Finished(claim=held))
    elif end == "dead-lettered":
        record(database, _last(held))
    else:
        expire()
        outcomes.reap(database, dataclasses.replace(terms, max_attempts=1))

    row = _row()
    assert row.slot_at == row.run_at == first.slot_at + MINUTE
    assert row.id != first.id
    assert CompletedTask.objects.count() + FailedTask.objects.count() == 1


def test_a_retry_does_not_move_the_slot(database: QueueDatabase, terms: Terms) -> None:
    """The phase of the chain survives the backoff."""
    first = _start(database, **REPEAT)
    record(database, Failed(claim=_claim(database, terms), error="no", retry_in=0.0))
    retry = _row()

    record(database, Finished(claim=_claim(database, terms)))

    assert (retry.id, retry.slot_at) == (first.id, first.slot_at)
    assert _row().slot_at == first.slot_at + MINUTE


@pytest.mark.parametrize(("catch_up", "slots"), [(False, 4), (True, 1)])
@pytest.mark.parametrize("rhythm", [REPEAT, {"cron": "* * * * *"}], ids=str)
def test_missed_slots_follow_the_policy(
    database: QueueDatabase, terms: Terms, rhythm: dict[str, Any], catch_up: bool, slots: int
) -> None:
    """One run stands for all, and the next slot is still to come; or the very next one is due."""
    first = _start(database, ago=0.0, catch_up=catch_up, **rhythm)
    on_the_minute = first.slot_at.replace(second=0) - 3 * MINUTE
    ScheduledTask.objects.update(slot_at=on_the_minute, run_at=on_the_minute)

    record(database, Finished(claim=_claim(database, terms)))

    slot = _row().slot_at
    if catch_up:
        assert slot == on_the_minute + slots * MINUTE
    else:
        # Time goes on meanwhile, so a later minute may be right, too.
        assert slot >= on_the_minute + slots * MINUTE
        assert slot > CompletedTask.objects.get().completed_at
        assert slot.second == 0


def test_the_chain_ends_at_repeat_until(database: QueueDatabase, terms: Terms) -> None:
    """The run of the last slot has no sequel, and its hash is free."""
    until = database.time_of(30.0)
    _start(database, repeat_until=until, **REPEAT)

    record(database, Finished(claim=_claim(database, terms)))

    assert not ScheduledTask.objects.exists()
    assert not _start(database).is_duplicate


def test_the_next_run_is_like_the_one_before(database: QueueDatabase, terms: Terms) -> None:
    """All that was asked for stays; what is about one run begins again."""
    creator = Mail.objects.create(order="a", sent_by=1)
    first = _start(
        database,
        queue="slow",
        priority=3,
        max_attempts=4,
        timeout_seconds=9.5,
        hold_seconds=60.0,
        repeat=90,
        repeat_until=database.time_of(1000.0).replace(microsecond=5),
        catch_up=True,
        verbose_name="the tick",
        creator=creator,
        backend="default",
    )
    record(database, Failed(claim=_claim(database, terms), error="no", retry_in=0.0))
    record(database, Finished(claim=_claim(database, terms)))

    row = _row()
    own = {"id", "run_at", "slot_at", "created_at"}
    columns = [field.attname for field in ScheduledTask._meta.concrete_fields]
    assert {name for name in columns if getattr(row, name) != getattr(first, name)} == own
    assert row.created_at >= first.created_at


@pytest.mark.parametrize("unique", [True, False])
def test_a_unique_chain_stays_unique(database: QueueDatabase, terms: Terms, unique: bool) -> None:
    """An equal call is a duplicate of whichever run is live."""
    _start(database, unique=unique, **REPEAT)
    record(database, Finished(claim=_claim(database, terms)))

    row = _row()
    again = enqueue(Enqueue(task_name="tick", task_params="[[1], {}]"))

    assert (row.live_hash is not None) == unique == again.is_duplicate


def test_a_crash_before_the_commit_changes_nothing(database: QueueDatabase, terms: Terms) -> None:
    """The run is taken back and ends later; neither a run nor a slot is lost or doubled."""
    first = _start(database, **REPEAT)
    held = _claim(database, terms)

    def crash() -> None:
        with database.transaction():
            outcomes.record(database, [Finished(claim=held)], keep_completed=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()

    assert _row().id == first.id
    assert not CompletedTask.objects.exists()
    record(database, Finished(claim=held))
    assert _row().slot_at == first.slot_at + MINUTE


def test_ends_at_the_same_time_make_one_next_run(database: QueueDatabase, terms: Terms) -> None:
    """A worker that lost its lease and the one that took over: one of them ends the run."""
    _start(database, **REPEAT)
    held = _claim(database, terms)
    ends: list[Outcome] = [Finished(claim=held), _last(held)]

    def record_again(end: Outcome) -> list[Claim]:
        return database.retry_transient(lambda: record(database, end))

    with threads(2) as pool:
        futures = [pool.start(functools.partial(record_again, end)) for end in ends]
        stale = [future.result() for future in futures]

    assert sorted(map(len, stale)) == [0, 1]
    assert ScheduledTask.objects.count() == 1
    assert CompletedTask.objects.count() + FailedTask.objects.count() == 1


def test_a_batch_costs_as_many_statements_as_one(database: QueueDatabase, terms: Terms) -> None:
    """Reading, the time and writing: three, however many tasks end."""

    def statements(count: int) -> int:
        for number in range(count):
            enqueue(Enqueue(task_name="tick", task_params=f"[[{number}], {{}}]", repeat=60))
        ids = list(ScheduledTask.objects.values_list("id", flat=True))
        with database.transaction(), CaptureQueriesContext(connection) as queries:
            runs = periodic.next_runs(database, ids)
            database.execute("DELETE FROM background_task_scheduledtask")
            periodic.enqueue_next(database, runs)
        assert ScheduledTask.objects.count() == count
        ScheduledTask.objects.all().delete()
        return len(queries)

    assert statements(1) == statements(30) == 4


def test_only_periodic_tasks_have_a_next_run(database: QueueDatabase, terms: Terms) -> None:
    """A task that holds its hash for a while has a sequel of another kind."""
    row = _start(database, hold_seconds=60.0)

    assert periodic.next_runs(database, [row.id]) == []


def test_an_unreadable_expression_does_not_keep_a_run_from_ending(
    database: QueueDatabase, terms: Terms, caplog: pytest.LogCaptureFixture
) -> None:
    """Its end is written, the log says why there is no next run."""
    _start(database, cron="never mind")

    record(database, Finished(claim=_claim(database, terms)))

    assert CompletedTask.objects.count() == 1
    assert not ScheduledTask.objects.exists()
    assert "has no next run: cron 'never mind' is no cron expression" in caplog.text


def test_a_chain_that_somebody_stops_ends_with_its_run(
    database: QueueDatabase, terms: Terms
) -> None:
    """The row is asked at the end of the run, not at its beginning."""
    _start(database, **REPEAT)
    held = _claim(database, terms)
    assert held.has_sequel
    ScheduledTask.objects.update(repeat=0)

    record(database, Finished(claim=held))

    assert not ScheduledTask.objects.exists()
    assert not claims.has_expired(database)
