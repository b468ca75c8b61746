"""The next run of a periodic task takes the place of the one that ends, in the same transaction.

So there is always exactly one run of a chain in the queue: no crash loses it or doubles it. A
failed run does not end the chain.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from django.db.models import Q
from django.utils import timezone

from background_task.slots import CronError, Rhythm, next_slot

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from background_task.databases import QueueDatabase
    from background_task.models import ScheduledTask

logger = logging.getLogger(__name__)

_OF_ONE_RUN: Final = (
    *("id", "run_at", "slot_at", "created_at", "attempts"),
    *("token", "claimed_by", "claimed_at", "lease_until", "last_error"),
)


def next_runs(database: QueueDatabase, ids: Sequence[int]) -> list[ScheduledTask]:
    """Return the unsaved rows that follow tasks which end now; those without a sequel have none.

    Must run in the transaction that takes the tasks out of the queue, before it does so.
    """
    from background_task.models import ScheduledTask

    tasks = ScheduledTask.objects.using(database.alias)
    rows = tasks.filter(Q(repeat__gt=0) | ~Q(cron=""), id__in=ids).order_by("id")
    if not rows:
        return []
    now = database.now()
    return [run for row in rows if (run := _next_run(row, now))]


def enqueue_next(database: QueueDatabase, runs: Sequence[ScheduledTask]) -> None:
    """Write the next runs, after the transaction has deleted the rows that they follow."""
    from background_task.models import ScheduledTask

    ScheduledTask.objects.using(database.alias).bulk_create(runs)


def _next_run(row: ScheduledTask, now: datetime.datetime) -> ScheduledTask | None:
    rhythm = Rhythm(
        repeat=row.repeat, repeat_until=row.repeat_until, cron=row.cron, catch_up=row.catch_up
    )
    last = row.slot_at or row.run_at
    try:
        slot = next_slot(rhythm, slot=last, now=now, zone=timezone.get_default_timezone())
    except CronError as error:
        # The end of this run must be written all the same. A worker that can read its
        # declaration starts the chain again (cron_schedule.py).
        logger.error("%s #%d has no next run: %s", row.task_name, row.id, error)  # noqa: TRY400
        return None
    if slot is None:
        return None
    columns = [field.attname for field in row._meta.concrete_fields]  # noqa: SLF001
    kept = {name: getattr(row, name) for name in columns if name not in _OF_ONE_RUN}
    return type(row)(**kept, run_at=slot, slot_at=slot, created_at=now)
