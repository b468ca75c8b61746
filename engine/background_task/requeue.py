"""Failed tasks go back into the queue: with the same id, a clean count of attempts, their errors.

A task that is requeued twice at the same time runs once, and none becomes the duplicate of a live
task.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from background_task.notifications import announce

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from background_task.databases import QueueDatabase
    from background_task.models import FailedTask, ScheduledTask

BATCH: Final = 200

# The token is not among them: what a worker that is long gone may still write stays stale.
_OF_ONE_RUN: Final = ("attempts", "run_at", "claimed_by", "claimed_at")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Requeued:
    """What became of failed tasks; ``duplicates`` stay, as an equal call is live or completed."""

    requeued: int
    duplicates: int


def requeue(database: QueueDatabase, ids: Sequence[int]) -> Requeued:
    """Let failed tasks wait again, due now; an id that is no failed task (any more) is ignored.

    Each batch is a transaction of its own, unless the caller is in one.
    """
    batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
    done = [
        database.retry_transient(lambda batch=batch: _requeue(database, batch))  # type: ignore[misc]
        for batch in batches
    ]
    announce(database)
    return Requeued(
        requeued=sum(part.requeued for part in done),
        duplicates=sum(part.duplicates for part in done),
    )


def _requeue(database: QueueDatabase, ids: Sequence[int]) -> Requeued:
    from background_task.models import FailedTask, ScheduledTask

    failed = FailedTask.objects.using(database.alias)
    live = ScheduledTask.objects.using(database.alias)
    with database.transaction():
        # Whoever requeues the same tasks waits here, and finds them gone.
        rows = list(failed.select_for_update().filter(id__in=ids).order_by("id"))
        now = database.time_of(0.0)
        live.bulk_create([_again(row, now) for row in rows], ignore_conflicts=True)
        # Asked after the insert, which may have waited for the end of an equal task.
        _take_back_held(database, rows, now)
        inserted = list(live.filter(id__in=[row.id for row in rows]).values_list("id", flat=True))
        failed.filter(id__in=inserted).delete()
    return Requeued(requeued=len(inserted), duplicates=len(rows) - len(inserted))


def _again(row: FailedTask, now: datetime.datetime) -> ScheduledTask:
    from background_task.models import ScheduledTask

    live_columns = {field.attname for field in ScheduledTask._meta.concrete_fields}  # noqa: SLF001
    kept = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields  # noqa: SLF001
        if field.attname in live_columns and field.attname not in _OF_ONE_RUN
    }
    live_hash = row.task_hash if row.is_unique else None
    return ScheduledTask(**kept, live_hash=live_hash, run_at=now, last_error=row.error)


def _take_back_held(
    database: QueueDatabase, rows: Sequence[FailedTask], now: datetime.datetime
) -> None:
    """Take those out again for which an equal task completed within its idempotency window."""
    from background_task.models import HeldHash, ScheduledTask

    asking = {row.id: row.task_hash for row in rows if row.is_unique and row.hold_seconds}
    if not asking:
        return
    held = HeldHash.objects.using(database.alias).filter(
        task_hash__in=asking.values(), held_until__gt=now
    )
    ScheduledTask.objects.using(database.alias).filter(
        id__in=asking, task_hash__in=held.values("task_hash")
    ).delete()
