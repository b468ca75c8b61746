"""Tasks declared with ``cron=``: workers keep exactly one row of each in the queue.

The row follows the declaration. It is unique by its hash, so two workers never add it twice, and
a slot is added only while it is still to come, so it cannot have run before.
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from background_task.arguments import task_hash
from background_task.enqueue import Enqueue, enqueue
from background_task.exceptions import TaskOptionsError
from background_task.registry import registry
from background_task.schedules import TaskSchedule
from background_task.slots import CronError, Rhythm, check_cron, next_slot

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

    from background_task.databases import QueueDatabase
    from background_task.models import ScheduledTask
    from background_task.task_options import TaskOptions

logger = logging.getLogger(__name__)

DECLARE_SECONDS: Final = 60.0
"""A worker declares when it starts, and again after so many seconds."""

SCHEDULE_PARAMS: Final = "[[],{}]"
"""No arguments, in another spelling than that of a call: so a call by hand has another hash, is
no duplicate of the row that waits for its slot, and does not keep that row out."""


def check(function: Callable[..., Any], options: TaskOptions) -> None:
    """Refuse a declaration that no worker could follow, with TaskOptionsError."""
    needed = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        raise TaskOptionsError(
            options.name, f"cron starts it without arguments, but it needs {', '.join(needed)}"
        )
    if options.repeat:
        raise TaskOptionsError(options.name, "cron and repeat exclude each other; drop one")
    try:
        check_cron(options.cron)
    except CronError as error:
        raise TaskOptionsError(options.name, str(error)) from None


def declare(database: QueueDatabase) -> None:
    """Make the rows of cron tasks what the registered tasks say: add, change, remove.

    Costs one look into the index of hashes if nothing has changed. Rows of tasks that this
    process does not know are left alone: another version of the code may know them.
    """
    from background_task.models import ScheduledTask

    hashes = [task_hash(name, SCHEDULE_PARAMS) for name in registry]
    live = ScheduledTask.objects.using(database.alias).filter(live_hash__in=hashes)
    rows = {row.task_name: row for row in live}
    for name, proxy in registry.items():
        _follow(database, proxy.options, rows.get(name))


def _follow(database: QueueDatabase, options: TaskOptions, row: ScheduledTask | None) -> None:
    wanted = _columns(options)
    if row is None:
        if options.cron:
            database.retry_transient(lambda: _add(database, options.name, wanted))
    elif not options.cron:
        if row.cron:
            database.retry_transient(lambda: _change(row, {"cron": ""}, None))
    elif any(getattr(row, column) != value for column, value in wanted.items()):
        slot = row.slot_at if row.cron == options.cron else _first_slot(database, wanted)
        is_over = slot and options.repeat_until and slot > options.repeat_until
        database.retry_transient(lambda: _change(row, wanted, None if is_over else slot))


def _columns(options: TaskOptions) -> dict[str, Any]:
    """Return what the row has from the declaration; unique and unique_for are about calls."""
    priority = TaskSchedule.create(options.schedule).priority
    return {
        "queue": options.queue,
        "priority": priority if options.priority is None else options.priority,
        "max_attempts": options.max_attempts,
        "timeout_seconds": options.timeout,
        "cron": options.cron,
        "catch_up": options.catch_up,
        "repeat_until": options.repeat_until,
        "verbose_name": options.verbose_name,
    }


def _first_slot(database: QueueDatabase, wanted: dict[str, Any]) -> datetime.datetime | None:
    now = database.now()
    rhythm = Rhythm(cron=wanted["cron"], repeat_until=wanted["repeat_until"])
    return next_slot(rhythm, slot=now, now=now, zone=timezone.get_default_timezone())


def _add(database: QueueDatabase, name: str, wanted: dict[str, Any]) -> None:
    slot = _first_slot(database, wanted)
    if slot is None:
        return
    request = Enqueue(task_name=name, task_params=SCHEDULE_PARAMS, run_at=slot, **wanted)
    with database.transaction():
        row = enqueue(request)
        if row.is_duplicate:
            return
        if database.now() < slot:
            logger.info("%s: added by cron %r, next at %s", name, wanted["cron"], slot)
        else:
            # Meanwhile another worker may have run this slot, as the last of its chain.
            row.delete()


def _change(row: ScheduledTask, wanted: dict[str, Any], slot: datetime.datetime | None) -> None:
    """Change a row, and move it to ``slot`` (None: remove it) unless its slot has begun to run.

    One that has begun keeps its slot, and its next run is by the new columns.
    """
    same = type(row)._default_manager.using(row._state.db)  # noqa: SLF001
    same = same.filter(id=row.id, cron=row.cron)
    waiting = same.filter(lease_until=None, attempts=0)
    if slot is None:
        changed, _ = waiting.delete()
    else:
        changed = waiting.update(**wanted, run_at=slot, slot_at=slot)
    if not changed:
        same.update(**wanted)
    logger.info("%s: its cron is %r now, next at %s", row.task_name, wanted["cron"], slot)
