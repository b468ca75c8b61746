"""The rows of the workers: who is there, who fell silent, and no trace of the rest."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from background_task.models import Worker
from background_task.monitoring import workers as rows
from background_task.monitoring.status import read_workers

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase


def _age(worker: Worker, *, seconds: float) -> None:
    """Let the last sign of life be some time ago."""
    seen_at = worker.seen_at - datetime.timedelta(seconds=seconds)
    Worker.objects.filter(id=worker.id).update(seen_at=seen_at)


def test_a_worker_is_alive_within_its_lease_and_silent_after_it(database: QueueDatabase) -> None:
    """The database's clock and the worker's own lease decide."""
    rows.register(database, "host:1", ["mails", "bills"], 4, 60.0)
    _age(rows.register(database, "host:2", [], 1, 60.0), seconds=61.0)

    first, second = read_workers(database, database.now())

    assert (first.name, first.is_alive, first.queues) == ("host:1", True, ("mails", "bills"))
    assert (second.name, second.is_alive, second.queues) == ("host:2", False, ())
    assert first.serves("mails")
    assert not first.serves("default")
    assert not second.serves("mails")


def test_a_beat_is_a_sign_of_life(database: QueueDatabase) -> None:
    """It moves ``seen_at`` and nothing else."""
    worker = rows.register(database, "host:1", [], 4, 60.0)
    started_at = worker.started_at
    _age(worker, seconds=600.0)

    rows.beat(database, worker)

    row = Worker.objects.get()
    assert row.seen_at >= started_at
    assert (row.id, row.started_at, row.processes) == (worker.id, started_at, 4)


def test_a_beat_brings_a_removed_row_back(database: QueueDatabase) -> None:
    """Whoever cleared the table sees the living workers again after a third of a lease."""
    worker = rows.register(database, "host:1", ["mails"], 4, 60.0)
    Worker.objects.all().delete()

    rows.beat(database, worker)

    row = Worker.objects.get()
    assert (row.name, row.queues, row.processes) == ("host:1", "mails", 4)


def test_a_worker_that_ends_leaves_no_row(database: QueueDatabase) -> None:
    """Only a death without a word leaves one."""
    worker = rows.register(database, "host:1", [], 4, 60.0)

    rows.sign_off(database, worker)

    assert not Worker.objects.exists()


def test_a_worker_that_starts_removes_those_that_were_silent_for_a_day(
    database: QueueDatabase,
) -> None:
    """A silent one is shown for a day, for somebody to see it."""
    _age(rows.register(database, "long ago", [], 4, 60.0), seconds=86_500.0)
    _age(rows.register(database, "today", [], 4, 60.0), seconds=80_000.0)

    rows.register(database, "now", [], 4, 60.0)

    assert set(Worker.objects.values_list("name", flat=True)) == {"today", "now"}
