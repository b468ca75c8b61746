"""Failed tasks go back into the queue: with the same id, a clean count of attempts, their errors.

A task that is requeued twice at the same time runs once, and none becomes the duplicate of a live
task.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Final

from background_task.models import FailedTask, HeldHash, ScheduledTask
from background_task.notifications import announce

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from background_task.databases import QueueDatabase

BATCH: Final = 200

# The token is not among them: what a worker that is long gone may still write stays stale.
_OF_ONE_RUN: Final = frozenset({"attempts", "run_at", "claimed_by", "claimed_at"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Requeued:
    """What became of failed tasks; ``duplicates`` stay, as an equal call is live or completed."""

    requeued: int
    duplicates: int


def requeue(database: QueueDatabase, ids: Sequence[int]) -> Requeued:
    """Let failed tasks wait again, due now; an id that is no failed task (any more) is ignored.

    Each batch is a transaction of its own, unless the caller is in one.
    """
    found = requeued = 0
    for start in range(0, len(ids), BATCH):
        batch = functools.partial(_requeue, database, ids[start : start + BATCH])
        rows, inserted = database.retry_transient(batch)
        found, requeued = found + rows, requeued + inserted
    announce(database)
    return Requeued(requeued=requeued, duplicates=found - requeued)


def _requeue(database: QueueDatabase, ids: Sequence[int]) -> tuple[int, int]:
    """Return how many of the ids are failed tasks, and how many of these wait now."""
    failed = FailedTask.objects.using(database.alias)
    live = ScheduledTask.objects.using(database.alias)
    with database.transaction():
        # Whoever requeues the same tasks waits here, and finds them gone.
        rows = list(failed.select_for_update().filter(id__in=ids).order_by("id"))
        now = database.now()
        live.bulk_create([_again(row, now) for row in rows], ignore_conflicts=True)
        # Asked after the insert, which may have waited for the end of an equal task.
        _take_back_held(database, rows, now)
        inserted = list(live.filter(id__in=[row.id for row in rows]).values_list("id", flat=True))
        failed.filter(id__in=inserted).delete()
    return len(rows), len(inserted)


def _again(row: FailedTask, now: datetime.datetime) -> ScheduledTask:
    live, failed = (
        {field.attname for field in model._meta.concrete_fields}  # noqa: SLF001
        for model in (ScheduledTask, FailedTask)
    )
    kept = {name: getattr(row, name) for name in live & failed - _OF_ONE_RUN}
    live_hash = row.task_hash if row.is_unique else None
    return ScheduledTask(**kept, live_hash=live_hash, run_at=now, last_error=row.error)


def _take_back_held(
    database: QueueDatabase, rows: Sequence[FailedTask], now: datetime.datetime
) -> None:
    """Take those out again for which an equal task completed within its idempotency window."""
    asking = {row.id: row.task_hash for row in rows if row.is_unique and row.hold_seconds}
    if not asking:
        return
    held = HeldHash.objects.using(database.alias).filter(
        task_hash__in=asking.values(), held_until__gt=now
    )
    ScheduledTask.objects.using(database.alias).filter(
        id__in=asking, task_hash__in=held.values("task_hash")
    ).delete()
