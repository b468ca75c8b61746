"""Put a task into the queue: durable when it returns, and never twice while it is live.

The row is written through the caller's own connection, so it joins the caller's transaction: it
exists if and when that commits.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from typing import TYPE_CHECKING, Any, Final

from django.db import OperationalError, models, router

from background_task import held_hashes, signals
from background_task.arguments import task_hash
from background_task.creators import reference
from background_task.databases import SCHEDULED, QueueDatabase
from background_task.notifications import announce

if TYPE_CHECKING:
    from background_task.models import CompletedTask, EnqueuedTask, ScheduledTask

_DUPLICATE_LOOKS: Final = 20

_KNOWN_COLUMNS: Final = ("id", "task_name", "task_params", "task_hash", "queue", "priority")
"""What is known of a new row without reading it; all others are read from it on first use."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """One call to put into the queue; what is not said here is said in ``ScheduledTask``.

    Attributes:
        run_at: a point in time, or seconds from now by the database's clock.
        unique: whether a live task with the same name and arguments makes this one a duplicate.
        creator: a saved model instance, or None.
    """

    task_name: str
    task_params: str
    queue: str = "default"
    priority: int = 0
    run_at: datetime.datetime | float = 0.0
    max_attempts: int | None = None
    timeout_seconds: float | None = None
    unique: bool = True
    hold_seconds: float | None = None
    repeat: int = 0
    repeat_until: datetime.datetime | None = None
    cron: str = ""
    catch_up: bool = False
    verbose_name: str = ""
    creator: models.Model | None = None
    backend: str = ""

    @property
    def is_periodic(self) -> bool:
        """Whether its end is the beginning of the next."""
        return self.repeat > 0 or bool(self.cron)

    def rare_columns(self, database: QueueDatabase) -> dict[str, object]:
        """Return the columns that most tasks leave at their defaults, if this one does not."""
        until = self.repeat_until and database.adapt_datetime(self.repeat_until)
        rare = {
            "max_attempts": self.max_attempts,
            "timeout_seconds": self.timeout_seconds,
            "hold_seconds": self.hold_seconds,
            "repeat_seconds": self.repeat,
            "repeat_until": until,
            "cron": self.cron,
            "catch_up": self.catch_up,
            "verbose_name": self.verbose_name,
            "creator_reference": reference(self.creator),
            "backend": self.backend,
        }
        return {name: value for name, value in rare.items() if value}


def queue_database() -> QueueDatabase:
    """Return the database that the queue's tables are in, as the project's routers say."""
    from background_task.models import ScheduledTask

    return _database(router.db_for_write(ScheduledTask))


_database = functools.cache(QueueDatabase)


def enqueue(request: Enqueue) -> EnqueuedTask:
    """Write the task, or find the task that it duplicates (``is_duplicate`` tells)."""
    database = queue_database()
    hash_ = task_hash(request.task_name, request.task_params)
    for _ in range(_DUPLICATE_LOOKS):
        inserted = database.retry_transient(lambda: _insert(database, request, hash_))
        if isinstance(inserted, int):
            row = _as_model(database, inserted, request, hash_)
            signals.created(row)
            announce(database)
            return row
        holder = inserted or _live_task(database, hash_)
        if holder is not None:
            holder.is_duplicate = True
            return holder
        # The live task ended between the two statements, so this call is no duplicate any more.
    raise OperationalError(
        f"{request.task_name} was not enqueued: a live duplicate of it came and went "
        f"{_DUPLICATE_LOOKS} times in a row; try again"
    )


def common_columns(database: QueueDatabase, request: Enqueue) -> tuple[dict[str, str], list[Any]]:
    """Return all columns of a new row but its parameters and hashes: SQL by name, and its values.

    A column that is left at its default is not among them.
    """
    if isinstance(request.run_at, datetime.datetime):
        run_at, run_at_value = "%s", database.adapt_datetime(request.run_at)
    else:
        run_at, run_at_value = database.dialect.after, request.run_at
    given: dict[str, object] = {
        "task_name": request.task_name,
        "queue": request.queue,
        "priority": request.priority,
        **request.rare_columns(database),
    }
    columns = dict.fromkeys(given, "%s") | {"run_at": run_at}
    values = [*given.values(), run_at_value]
    if request.is_periodic:
        columns["slot_at"] = run_at
        values.append(run_at_value)
    return columns | {"last_error": "''", "created_at": database.dialect.now}, values


def _insert(database: QueueDatabase, request: Enqueue, hash_: str) -> int | CompletedTask | None:
    """Return the new row's id, the completed task that holds the hash, or None: it is live."""
    columns, values = common_columns(database, request)
    live_hash = hash_ if request.unique else None
    sql = (
        f"INSERT INTO {SCHEDULED} (task_params, task_hash, live_hash, {', '.join(columns)})"
        f" VALUES (%s, %s, %s, {', '.join(columns.values())})"
    )
    row = (request.task_params, hash_, live_hash, *values)
    if live_hash is None or request.hold_seconds is None:
        return database.insert_unless_live(sql, row)
    with database.transaction():
        id_ = database.insert_unless_live(sql, row)
        # Asked after the insert: one that waited for the end of the live task sees its hold.
        holder = held_hashes.holder(database, hash_) if id_ else None
        if holder is not None:
            database.execute(f"DELETE FROM {SCHEDULED} WHERE id = %s", (id_,))
        return holder or id_


def _as_model(database: QueueDatabase, id_: int, request: Enqueue, hash_: str) -> ScheduledTask:
    """Return the new row; what the database filled in is read from it on first use."""
    from background_task.models import ScheduledTask

    values = (id_, request.task_name, request.task_params, hash_, request.queue, request.priority)
    return ScheduledTask.from_db(database.alias, _KNOWN_COLUMNS, values)


def _live_task(database: QueueDatabase, hash_: str) -> ScheduledTask | None:
    from background_task.models import ScheduledTask

    return ScheduledTask.objects.using(database.alias).filter(live_hash=hash_).first()
