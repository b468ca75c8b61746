"""Put a task into the queue: durable when it returns, and never twice while it is live.

The row is written through the caller's own connection, so it joins the caller's transaction: it
exists if and when that commits.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import OperationalError, router

from background_task.arguments import task_hash
from background_task.databases import SCHEDULED, QueueDatabase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.models import ScheduledTask

_DUPLICATE_LOOKS: Final = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """One call to put into the queue.

    Attributes:
        run_at: a point in time, or seconds from now by the database's clock.
        unique: whether a live task with the same name and arguments makes this one a duplicate.
    """

    task_name: str
    task_params: str
    queue: str
    priority: int
    run_at: datetime.datetime | float
    max_attempts: int | None
    timeout_seconds: float | None
    unique: bool


def queue_database() -> QueueDatabase:
    """Return the database that the queue's tables are in, as the project's routers say."""
    from background_task.models import ScheduledTask

    return QueueDatabase(router.db_for_write(ScheduledTask))


def enqueue(request: Enqueue) -> ScheduledTask:
    """Write the task, or find the live task that it duplicates (``is_duplicate`` tells)."""
    database = queue_database()
    hash_ = task_hash(request.task_name, request.task_params)
    statement, values = _insert_statement(database, request, hash_)
    for _ in range(_DUPLICATE_LOOKS):
        inserted = database.retry_transient(lambda: database.insert_unless_live(statement, values))
        if inserted is not None:
            return _as_model(database, inserted, request, hash_)
        live = _live_task(database, hash_)
        if live is not None:
            return live
        # The live task ended between the two statements, so this call is no duplicate any more.
    raise OperationalError(
        f"{request.task_name} was not enqueued: a live duplicate of it came and went "
        f"{_DUPLICATE_LOOKS} times in a row; try again"
    )


def _insert_statement(
    database: QueueDatabase, request: Enqueue, hash_: str
) -> tuple[str, Sequence[Any]]:
    dialect = database.dialect
    if isinstance(request.run_at, datetime.datetime):
        run_at, run_at_value = "%s", database.adapt_datetime(request.run_at)
    else:
        run_at, run_at_value = dialect.after, request.run_at
    sql = (
        f"INSERT INTO {SCHEDULED} (task_name, task_params, task_hash, live_hash, queue, priority,"
        " max_attempts, timeout_seconds, last_error, run_at, created_at)"
        f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', {run_at}, {dialect.now})"
    )
    return sql, (
        request.task_name,
        request.task_params,
        hash_,
        hash_ if request.unique else None,
        request.queue,
        request.priority,
        request.max_attempts,
        request.timeout_seconds,
        run_at_value,
    )


def _as_model(database: QueueDatabase, id_: int, request: Enqueue, hash_: str) -> ScheduledTask:
    """Return the new row; what the database filled in is read from it on first use."""
    from background_task.models import ScheduledTask

    known = {
        "id": id_,
        "task_name": request.task_name,
        "task_params": request.task_params,
        "task_hash": hash_,
        "queue": request.queue,
        "priority": request.priority,
    }
    columns = [field.attname for field in ScheduledTask._meta.concrete_fields]  # noqa: SLF001
    present = [name for name in columns if name in known]
    return ScheduledTask.from_db(database.alias, present, [known[name] for name in present])


def _live_task(database: QueueDatabase, hash_: str) -> ScheduledTask | None:
    from background_task.models import ScheduledTask

    task = ScheduledTask.objects.using(database.alias).filter(live_hash=hash_).first()
    if task is not None:
        task.is_duplicate = True
    return task
