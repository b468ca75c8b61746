"""What rows were asked in django-background-tasks 1.2.8, answered from the columns of this queue.

Times of locks are kept as leases here: ``locked_at`` is when the task was claimed, and to move it
moves the end of the lease along.
"""

from __future__ import annotations

import datetime
import os
import socket
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.db import models, transaction

from background_task import settings
from background_task.arguments import decode
from background_task.creators import creator_of, reference

if TYPE_CHECKING:
    from django.db.models import Model

    from background_task.managers import TaskQuerySet
    from background_task.models import CompletedTask, FailedTask, ScheduledTask


class LegacyRow:
    """The questions that 1.2.8 had for any row."""

    @property
    def creator(self) -> Model | None:
        """The model instance on whose behalf it was enqueued, or None."""
        return creator_of(_row(self).creator_reference)

    @creator.setter
    def creator(self, creator: Model | None) -> None:
        _row(self).creator_reference = reference(creator)

    @property
    def locked_by(self) -> str | None:
        """The worker that claimed it last, ``host:pid``, or None."""
        return _row(self).claimed_by or None

    @property
    def locked_at(self) -> datetime.datetime | None:
        """When it was claimed last, or None."""
        return _row(self).claimed_at

    def params(self) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments."""
        return decode(_row(self).task_params)

    def has_error(self) -> bool:
        """Tell whether its last attempt failed."""
        return bool(_row(self).last_error)

    def locked_by_pid_running(self) -> bool | None:
        """Tell whether the process that runs it is alive; None if there is none, or elsewhere."""
        host, _, rest = (self.locked_by or "").partition(":")
        pid = rest.partition(":")[0]
        return is_alive(pid) if host == socket.gethostname() and pid.isdigit() else None

    has_error.boolean = True  # type: ignore[attr-defined]
    locked_by_pid_running.boolean = True  # type: ignore[attr-defined]


class LegacyTask(LegacyRow):
    """The questions that 1.2.8 had for a live task, and what it let one do with it."""

    HOURLY: ClassVar = 3600
    DAILY: ClassVar = 24 * HOURLY
    WEEKLY: ClassVar = 7 * DAILY
    EVERY_2_WEEKS: ClassVar = 2 * WEEKLY
    EVERY_4_WEEKS: ClassVar = 4 * WEEKLY
    NEVER: ClassVar = 0
    REPEAT_CHOICES: ClassVar = (
        (HOURLY, "hourly"),
        (DAILY, "daily"),
        (WEEKLY, "weekly"),
        (EVERY_2_WEEKS, "every 2 weeks"),
        (EVERY_4_WEEKS, "every 4 weeks"),
        (NEVER, "never"),
    )

    failed_at = None  # a live task has not failed for good

    @property
    def locked_by(self) -> str | None:
        """The worker that runs it, ``host:pid``, or None."""
        return super().locked_by if _row(self).lease_until else None

    @locked_by.setter
    def locked_by(self, owner: str | None) -> None:
        _row(self).claimed_by = owner or ""
        if not owner:
            _row(self).lease_until = None

    @property
    def locked_at(self) -> datetime.datetime | None:
        """When it was claimed, or None if nobody runs it; to move it moves the lease."""
        return super().locked_at if _row(self).lease_until else None

    @locked_at.setter
    def locked_at(self, time: datetime.datetime | None) -> None:
        row = _row(self)
        if time is None:
            row.lease_until = None
            return
        moved = time - (row.claimed_at or time)
        row.lease_until = (row.lease_until or time + _lock_length()) + moved
        row.claimed_at = time

    def lock(self, locked_by: str) -> ScheduledTask | None:
        """Claim it for as long as a task may run; None if somebody runs it. Charges an attempt."""
        rows, now = _table(self), _table(self).database_time()
        claimed = (
            rows.unlocked(now)
            .filter(pk=_row(self).pk)
            .update(
                token=models.F("token") + 1,
                attempts=models.F("attempts") + 1,
                claimed_by=locked_by,
                claimed_at=now,
                lease_until=now + _lock_length(),
            )
        )
        return rows.get(pk=_row(self).pk) if claimed else None

    def is_repeating_task(self) -> bool:
        """Tell whether it repeats by an interval."""
        return _row(self).repeat > self.NEVER

    def increment_attempts(self) -> None:
        """Charge an attempt."""
        _row(self).attempts += 1
        _row(self).save(update_fields=["attempts"])

    def has_reached_max_attempts(self) -> bool:
        """Tell whether an attempt that fails now is its last."""
        row = _row(self)
        return row.attempts >= (row.max_attempts or settings.read().max_attempts)

    def create_completed_task(self) -> CompletedTask:
        """Move it to the completed tasks."""
        live, completed = _table(self), self.as_completed(None)
        with transaction.atomic(using=live.db):
            completed.save(using=live.db, force_insert=True)
            live.filter(pk=completed.pk).delete()
        return completed

    def as_completed(self, result: str | None) -> CompletedTask:
        """Return what it becomes when it completes; not saved."""
        from background_task.models import CompletedTask

        now = _table(self).database_time()
        return CompletedTask(**_kept(self), result=result, completed_at=now)

    def as_failed(self) -> FailedTask:
        """Return what it becomes when it is given up; not saved."""
        from background_task.models import FailedTask

        now = _table(self).database_time()
        return FailedTask(**_kept(self), error=_row(self).last_error, failed_at=now)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it; a periodic task that was never claimed takes its phase from ``run_at``."""
        row = _row(self)
        if row.repeat and not row.attempts:
            row.slot_at = row.run_at
        super().save(*args, **kwargs)  # type: ignore[misc]

    def refresh_from_db(
        self, using: str | None = None, fields: Any = None, from_queryset: Any = None
    ) -> None:
        """Read it again; the first use of a column that an enqueue left unread reads them all."""
        row = _row(self)
        if fields is not None:
            fields = {*fields, *row.get_deferred_fields()}
        super().refresh_from_db(using, fields, from_queryset)  # type: ignore[misc]


class LegacyCompleted(LegacyRow):
    """What 1.2.8 had in its table of completed tasks, which held the failed ones, too."""

    failed_at = None
    last_error = ""
    repeat = LegacyTask.NEVER
    repeat_until = None


class LegacyFailed(LegacyRow):
    """The same of a failed task."""

    repeat = LegacyTask.NEVER
    repeat_until = None

    @property
    def last_error(self) -> str:
        """The log of its last attempt."""
        return _row(self).error  # type: ignore[attr-defined, no-any-return]


def is_alive(pid: str) -> bool:
    """Tell whether there is a process of this id on this host."""
    try:
        os.kill(int(pid), 0)  # signal 0 asks and does nothing
    except PermissionError:
        return True
    except (ValueError, ProcessLookupError):
        return False
    return True


def _row(row: LegacyRow) -> ScheduledTask:
    """Return the row as the model that a class of this module is mixed into."""
    return cast("ScheduledTask", row)


def _kept(row: LegacyRow) -> dict[str, Any]:
    """Return the columns that a row keeps when it moves to another table."""
    from background_task.models import TaskRow

    columns = [field.attname for field in TaskRow._meta.fields]  # noqa: SLF001
    return {name: getattr(row, name) for name in ("id", *columns)}


def _table(row: LegacyRow) -> TaskQuerySet:
    """Return all live rows of the database that the row came from."""
    rows: TaskQuerySet = type(_row(row)).objects.using(_row(row)._state.db)  # noqa: SLF001
    return rows


def _lock_length() -> datetime.timedelta:
    return datetime.timedelta(seconds=settings.read().timeout_seconds)
