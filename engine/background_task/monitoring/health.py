"""Is the queue well? One answer within a bounded time, with a sentence for each problem."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from django.db import Error

from background_task.error_texts import first_line
from background_task.monitoring.status import read_queues, read_workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from background_task.databases import QueueDatabase
    from background_task.monitoring.status import QueueStatus, WorkerStatus

MAX_AGE_SECONDS: Final = 300.0
PATIENCE_SECONDS: Final = 5.0

_looking: Final = threading.Lock()


def find_problems(
    database: QueueDatabase, *, max_age: float, patience: float = PATIENCE_SECONDS
) -> list[str]:
    """Return what is wrong; answers within ``patience`` even if the database never does.

    A due task that has waited for longer than ``max_age`` seconds is wrong, too.
    """
    found: list[list[str]] = []
    # One thread at a time: probes of a database that hangs must not pile up.
    if _looking.acquire(timeout=patience):
        thread = threading.Thread(target=_look, args=(database, max_age, found), daemon=True)
        thread.start()
        thread.join(patience)
    return found[0] if found else [f"The database did not answer within {patience:g} s."]


def problems(
    queues: Iterable[QueueStatus],
    workers: Sequence[WorkerStatus],
    max_age: float = MAX_AGE_SECONDS,
) -> Iterator[str]:
    """Say what is wrong with a queue whose database answers."""
    for queue in queues:
        if queue.due and not any(worker.serves(queue.name) for worker in workers):
            yield f"No live worker serves queue {queue.name!r}, which has {queue.due:,} due tasks."
        if queue.oldest_due_seconds > max_age:
            yield (
                f"The oldest due task of queue {queue.name!r} could have run"
                f" {queue.oldest_due_seconds:,.0f} s ago; {max_age:,g} s are allowed."
            )


def _look(database: QueueDatabase, max_age: float, found: list[list[str]]) -> None:
    """Ask through a connection of this thread's own: that one can be had is part of the answer."""
    try:
        now = database.now()
        queues, workers = read_queues(database), read_workers(database, now)
        found.append(list(problems(queues, workers, max_age)))
    except Error as error:
        found.append([f"The database {database.alias!r} cannot be asked: {first_line(error)}"])
    finally:
        database.connection.close()
        _looking.release()
