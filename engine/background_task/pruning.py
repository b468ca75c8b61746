"""Remove what is old, a short transaction after the other.

Between two batches the queue gets as much time as the last batch took, so workers go on meanwhile,
even on SQLite, where one transaction writes at a time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef

from background_task.models import (
    AttemptError,
    CompletedTask,
    EndedTask,
    FailedTask,
    HeldHash,
    ScheduledTask,
)
from background_task.monitoring.workers import silent_rows

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from background_task.databases import QueueDatabase

_TASKS: Final = (ScheduledTask, CompletedTask, FailedTask)


def old_rows(
    database: QueueDatabase,
    *,
    completed: datetime.timedelta | None,
    failed: datetime.timedelta | None,
) -> dict[str, QuerySet[Any]]:
    """Return what may go, by its name in the plural, the oldest first; ages by the database."""
    now = database.now()
    is_gone = [~Exists(table.objects.filter(pk=OuterRef("task_id"))) for table in _TASKS]
    old: dict[str, QuerySet[Any]] = {
        "held hashes": HeldHash.objects.filter(held_until__lt=now).order_by("held_until"),
        # Whoever cancels a task, or deletes it in a way of their own, leaves its errors.
        "errors of tasks that are gone": AttemptError.objects.filter(*is_gone).order_by("pk"),
        "rows of silent workers": silent_rows(database, now).order_by("seen_at"),
    }
    if completed is not None:
        ended = CompletedTask.objects.filter(completed_at__lt=now - completed)
        old["completed tasks"] = ended.order_by("completed_at")
    if failed is not None:
        given_up = FailedTask.objects.filter(failed_at__lt=now - failed)
        old["failed tasks"] = given_up.order_by("failed_at")
    return {name: rows.using(database.alias) for name, rows in old.items()}


def remove(database: QueueDatabase, rows: QuerySet[Any], *, batch: int) -> Iterator[int]:
    """Delete the rows, and the errors of those that are tasks; yield the count of each batch."""
    removed = batch
    while removed == batch:
        begun = time.monotonic()
        removed = database.retry_transient(lambda: _remove_batch(database, rows, batch))
        yield removed
        if removed == batch:
            time.sleep(min(time.monotonic() - begun, 1.0))


def _remove_batch(database: QueueDatabase, rows: QuerySet[Any], batch: int) -> int:
    with database.transaction():
        # A failed task that somebody requeues right now is skipped: it is not old any more.
        locked = rows.select_for_update(skip_locked=True)
        keys = list(locked.values_list("pk", flat=True)[:batch])
        if issubclass(rows.model, EndedTask):
            AttemptError.objects.using(database.alias).filter(task_id__in=keys).delete()
        rows.model._default_manager.using(database.alias).filter(pk__in=keys).delete()  # noqa: SLF001
    return len(keys)
