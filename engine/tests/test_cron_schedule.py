"""Cron tasks: one row each, which follows the declaration, and calls by hand beside it."""

from __future__ import annotations

import datetime
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from background_task import background, cron_schedule
from background_task.enqueue import enqueue
from background_task.exceptions import TaskOptionsError
from background_task.models import CompletedTask, ScheduledTask
from background_task.outcomes import Failed, Finished
from background_task.registry import registry
from background_task.task_options import TaskOptions
from engine.tests.steps import LONG_AGO, claim, every_row, record
from engine.tests.threads import threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.databases import QueueDatabase
    from background_task.enqueue import Enqueue
    from background_task.models import TaskRow
    from background_task.outcomes import Outcome
    from background_task.terms import Terms

YEARLY = "0 0 1 1 *"
MONTHLY = "0 0 1 * *"


@pytest.fixture(autouse=True)
def own_registry() -> Iterator[None]:
    """Forget what a test declares."""
    saved = dict(registry)
    yield
    registry.clear()
    registry.update(saved)


def _declare(database: QueueDatabase, cron: str = YEARLY, **options: Any) -> Any:
    """Declare the one cron task, as this version of the code has it, and tell the database."""

    @background(name="nightly", cron=cron, **options)
    def nightly() -> None:
        """Do nothing."""

    cron_schedule.declare(database)
    return nightly


def _row() -> Any:
    return ScheduledTask.objects.get()


def test_a_cron_task_gets_one_row(database: QueueDatabase) -> None:
    """It waits for the first slot to come, without anybody calling it."""
    _declare(database, queue="slow", priority=2, max_attempts=5, timeout=7.5, verbose_name="it")

    row = _row()
    year = database.now().year + 1
    assert row.run_at == row.slot_at == datetime.datetime(year, 1, 1, tzinfo=datetime.UTC)
    assert (row.task_name, row.queue, row.priority, row.max_attempts) == ("nightly", "slow", 2, 5)
    assert (row.timeout_seconds, row.verbose_name, row.cron) == (7.5, "it", YEARLY)


def test_slots_are_in_the_time_zone_of_the_project(database: QueueDatabase, settings: Any) -> None:
    """Midnight is that of ``TIME_ZONE``."""
    settings.TIME_ZONE = "Asia/Tokyo"

    _declare(database)

    assert (_row().slot_at.hour, _row().slot_at.day) == (15, 31)


def test_declaring_again_costs_one_statement_and_changes_nothing(database: QueueDatabase) -> None:
    """So workers can do it every minute."""
    _declare(database)
    rows = every_row()

    with CaptureQueriesContext(connection) as queries:
        cron_schedule.declare(database)

    assert len(queries) == 1
    assert every_row() == rows


def test_workers_that_start_at_the_same_time_add_one_row(database: QueueDatabase) -> None:
    """The unique hash decides, on every database."""
    _declare(database)
    ScheduledTask.objects.all().delete()
    together = threading.Barrier(4)

    def start() -> None:
        together.wait()
        cron_schedule.declare(database)

    with threads(4) as pool:
        for future in [pool.start(start) for _ in range(4)]:
            future.result()

    assert ScheduledTask.objects.count() == 1


def test_a_slot_that_came_meanwhile_is_not_added_again(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that stood still may be late: the slot has run, and was the last of its chain."""

    def enqueue_late(request: Enqueue) -> TaskRow:
        row = enqueue(request)
        late = database.time_of(366 * 86_400.0)
        monkeypatch.setattr(database, "now", lambda: late)
        return row

    monkeypatch.setattr(cron_schedule, "enqueue", enqueue_late)

    _declare(database)

    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize("end", ["finished", "failed"])
def test_the_chain_goes_on_after_each_run(database: QueueDatabase, terms: Terms, end: str) -> None:
    """The end of a run makes the next row, and declaring finds it there."""
    _declare(database, max_attempts=1)
    first = _row()
    ScheduledTask.objects.update(run_at=LONG_AGO)
    (held,) = claim(database, terms)
    ends: dict[str, Outcome] = {
        "finished": Finished(claim=held),
        "failed": Failed(claim=held, error="no", retry_in=0.0),
    }

    record(database, ends[end])
    cron_schedule.declare(database)

    row = _row()
    assert row.live_hash == first.live_hash
    assert row.slot_at == first.slot_at.replace(year=first.slot_at.year + 1)


def test_a_chain_that_is_over_does_not_begin_again(database: QueueDatabase) -> None:
    """No slot comes before ``repeat_until`` any more."""
    _declare(database, repeat_until=LONG_AGO)

    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize(
    ("cron", "options"),
    [(MONTHLY, {}), (YEARLY, {"queue": "slow", "priority": 4}), (MONTHLY, {"catch_up": True})],
)
def test_a_waiting_row_follows_the_declaration(
    database: QueueDatabase, cron: str, options: dict[str, Any]
) -> None:
    """A new schedule moves it; it stays one row."""
    _declare(database)
    first = _row()

    _declare(database, cron, **options)

    row = _row()
    assert (row.id, row.cron) == (first.id, cron)
    assert row.run_at == row.slot_at <= first.slot_at
    assert {name: getattr(row, name) for name in options} == options


def test_a_row_beyond_a_new_end_is_removed(database: QueueDatabase) -> None:
    """The slot that waits is later than ``repeat_until``."""
    _declare(database)

    _declare(database, repeat_until=LONG_AGO)

    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize("state", ["runs", "waits for a retry"])
def test_a_slot_that_has_begun_keeps_its_time(
    database: QueueDatabase, terms: Terms, state: str
) -> None:
    """The next one is by the new schedule."""
    _declare(database)
    slot = _row().slot_at
    ScheduledTask.objects.update(run_at=LONG_AGO)
    (held,) = claim(database, terms)
    if state != "runs":
        record(database, Failed(claim=held, error="no", retry_in=0.0))

    _declare(database, MONTHLY)

    assert (_row().slot_at, _row().run_at <= database.now()) == (slot, True)
    if state != "runs":
        (held,) = claim(database, terms)
    record(database, Finished(claim=held))
    assert _row().slot_at == slot.replace(month=2)


def test_a_task_without_cron_any_more_loses_its_row(database: QueueDatabase) -> None:
    """Rows of tasks that this code does not know are left alone."""
    _declare(database)
    del registry["nightly"]
    cron_schedule.declare(database)
    assert ScheduledTask.objects.count() == 1

    _declare(database, cron="")

    assert not ScheduledTask.objects.exists()


def test_a_run_that_has_begun_ends_a_chain_without_cron(
    database: QueueDatabase, terms: Terms
) -> None:
    """It is not torn away, and nothing follows it."""
    _declare(database)
    ScheduledTask.objects.update(run_at=LONG_AGO)
    (held,) = claim(database, terms)

    _declare(database, cron="")
    record(database, Finished(claim=held))

    assert not ScheduledTask.objects.exists()
    assert CompletedTask.objects.count() == 1


def test_a_call_by_hand_is_a_run_of_its_own(database: QueueDatabase, terms: Terms) -> None:
    """It runs now, once, and leaves the schedule's row where it is."""
    nightly = _declare(database)
    waiting = _row()

    by_hand = nightly()
    assert nightly().is_duplicate
    cron_schedule.declare(database)
    (held,) = claim(database, terms)
    record(database, Finished(claim=held))

    assert (by_hand.is_duplicate, held.id) == (False, by_hand.id)
    assert _row().id == waiting.id


def test_a_call_by_hand_does_not_keep_the_schedule_out(database: QueueDatabase) -> None:
    """Whichever comes first."""
    nightly = _declare(database, cron="")
    nightly()

    _declare(database)

    assert ScheduledTask.objects.exclude(cron="").count() == 1
    assert ScheduledTask.objects.filter(cron="").count() == 1


def _needs_more(order: str, seconds: float = 1.0) -> None:
    """Take what no schedule gives."""


def _needs_nothing(*orders: str, seconds: float = 1.0, **more: str) -> None:
    """Take what it gets."""


@pytest.mark.parametrize(
    ("options", "function", "reason"),
    [
        ({"cron": "every day"}, _needs_nothing, "cron 'every day' is no cron expression: wrong"),
        ({"cron": "* * * * *"}, _needs_more, "without arguments, but it needs order"),
        ({"cron": "* * * * *", "repeat": 5}, _needs_nothing, "exclude each other"),
    ],
)
def test_a_declaration_that_nobody_can_follow_is_refused(
    options: dict[str, Any], function: Any, reason: str
) -> None:
    """When the task is declared, with one sentence."""
    with pytest.raises(TaskOptionsError, match=reason):
        cron_schedule.check(function, TaskOptions(name="tick", **options))
    with pytest.raises(TaskOptionsError, match=reason):
        background(name="tick", **options)(function)
    assert "tick" not in registry


def test_a_function_without_required_parameters_is_accepted() -> None:
    """Defaults and stars need no argument."""
    cron_schedule.check(_needs_nothing, TaskOptions(name="tick", cron="* * * * *"))
