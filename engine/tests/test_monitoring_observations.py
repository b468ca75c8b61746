"""Histograms that many workers share: every attempt is counted once, whatever fails in between."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError

from background_task.databases import QueueDatabase
from background_task.models import Observation
from background_task.monitoring import observations
from background_task.monitoring.observations import BOUNDS, OTHER, PACE, Observations
from engine.tests.threads import threads

if TYPE_CHECKING:
    from collections.abc import Iterator


class Away(QueueDatabase):
    """A database that goes away when something is to be written."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Fail."""
        raise OperationalError("the server closed the connection")
        yield


def _counts(kind: str) -> dict[float, int]:
    rows = Observation.objects.filter(kind=kind, count__gt=0).order_by("at_most")
    return dict(rows.values_list("at_most", "count"))


def test_an_observation_falls_into_the_smallest_bucket_that_holds_it(
    database: QueueDatabase,
) -> None:
    """A bound belongs to its bucket, and the last bucket holds everything."""
    counted = Observations()
    for seconds in (0.0, 0.001, 0.0011, 3600.0, 3601.0):
        counted.note_wait("default", "mail", seconds)

    counted.flush(database)

    assert _counts("wait") == {0.001: 2, 0.002: 1, 3600.0: 1, BOUNDS[-1]: 1}


def test_a_flush_adds_to_what_other_workers_wrote(database: QueueDatabase) -> None:
    """Counts and sums of all workers are in the same rows."""
    for _ in range(2):
        worker = Observations()
        worker.note_run("default", "mail", 0.75, "completed")
        worker.flush(database)
        worker.flush(database)

    row = Observation.objects.get(kind="run")
    assert (row.count, row.seconds, row.ended, row.queue) == (2, 1.5, "completed", "default")


def test_what_fails_to_flush_stays_counted(database: QueueDatabase) -> None:
    """An outage of the database costs no count, and neither does what is counted meanwhile."""
    worker = Observations()
    worker.note_run("default", "mail", 0.75, "failed")
    with pytest.raises(OperationalError):
        worker.flush(Away(database.alias))
    worker.note_run("default", "mail", 0.75, "failed")

    worker.flush(database)

    assert _counts("run") == {1.0: 2}


def test_rows_that_somebody_deleted_come_back(database: QueueDatabase) -> None:
    """Only what was counted just then is lost."""
    worker = Observations()
    for flushes in range(3):
        worker.note_run("default", "mail", 0.75, "completed")
        worker.flush(database)
        if flushes == 0:
            Observation.objects.all().delete()

    assert _counts("run") == {1.0: 1}


def test_the_number_of_names_is_bounded(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever enqueues under ever new names cannot fill the table."""
    monkeypatch.setattr(observations, "MAX_SERIES", 2)
    worker = Observations()
    for name in ("a", "b", "c", "d", "a"):
        worker.note_wait("default", name, 0.5)

    worker.flush(database)

    rows = Observation.objects.order_by("task_name").values_list("task_name", "queue", "count")
    assert set(rows) == {("a", "default", 2), ("b", "default", 1), (OTHER, OTHER, 2)}


def test_workers_that_flush_at_the_same_time_lose_nothing(database: QueueDatabase) -> None:
    """Their updates come in one order, so they wait for each other and never deadlock."""
    names = [f"task {number}" for number in range(5)]

    def work() -> None:
        worker = Observations()
        for round_ in range(5):
            for name in names if round_ % 2 else reversed(names):
                worker.note_run("default", name, 0.75, "completed")
            worker.flush(database)

    with threads(3) as pool:
        for done in [pool.start(work) for _ in range(3)]:
            done.result()

    rows = Observation.objects.filter(kind="run").values_list("task_name", "count")
    assert dict(rows) == dict.fromkeys(names, 15)


def test_the_ends_of_each_minute_are_kept_for_an_hour(database: QueueDatabase) -> None:
    """The plot needs no look at the completed tasks, and the table does not grow."""
    now = int(database.now().timestamp() // 60)
    for minute in (now - 200, now - 30):
        Observation.objects.create(
            task_name="",
            queue="default",
            kind=PACE,
            ended="failed",
            at_most=minute,
            count=1,
            seconds=1,
        )
    worker = Observations()
    worker.note_run("default", "mail", 0.5, "completed")
    worker.note_run("default", "bill", 0.5, "completed")
    worker.note_wait("default", "bill", 0.5)

    worker.flush(database)

    paces = _counts(PACE)
    assert paces.pop(now - 30) == 1
    assert list(paces.values()) == [2]
    assert now <= next(iter(paces)) <= now + 1
