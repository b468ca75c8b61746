"""The rows of the workers: each says that it is there, and who reads them sees who fell silent.

All times are the database's. The rows decide nothing: a lease alone tells whose a task is.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from background_task.models import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from background_task.databases import QueueDatabase

FORGET_AFTER: Final = datetime.timedelta(days=1)
"""The row of a worker that gave no sign of life for so long is removed."""


def register(
    database: QueueDatabase,
    name: str,
    queues: Sequence[str],
    processes: int,
    lease_seconds: float,
) -> Worker:
    """Insert the row of a worker that starts, and remove those that were silent for a day."""
    now = database.now()
    worker = Worker(
        name=name,
        queues=",".join(queues),
        processes=processes,
        started_at=now,
        seen_at=now,
        lease_seconds=lease_seconds,
    )
    database.retry_transient(silent_rows(database, now).delete)
    database.retry_transient(lambda: worker.save(using=database.alias, force_insert=True))
    return worker


def beat(database: QueueDatabase, worker: Worker) -> None:
    """Say that the worker is there; its row comes back if somebody removed it."""
    worker.seen_at = database.now()
    database.retry_transient(lambda: worker.save(using=database.alias))


def sign_off(database: QueueDatabase, worker: Worker) -> None:
    """Remove the row of a worker that ends."""
    database.retry_transient(lambda: worker.delete(using=database.alias))


def silent_rows(database: QueueDatabase, now: datetime.datetime) -> QuerySet[Worker]:
    """Return the rows of workers that ended long ago without saying so."""
    return Worker.objects.using(database.alias).filter(seen_at__lt=now - FORGET_AFTER)


def is_alive(worker: Worker, now: datetime.datetime) -> bool:
    """Tell whether a worker gave a sign of life within its lease."""
    return (now - worker.seen_at).total_seconds() <= worker.lease_seconds
