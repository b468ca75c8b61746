"""Move the rows of django-background-tasks 1.2.8 into this queue.

A row is deleted from its old table in the transaction that writes it into ours, so an import that
was interrupted is just started again, and no row is lost or imported twice.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import sys
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError

from background_task.arguments import decode, encode, task_hash
from background_task.exceptions import TaskArgumentsError
from background_task.legacy.old_tables import OldCompletedTask, OldContentType, OldTask
from background_task.legacy.rows import is_alive
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from background_task.registry import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from background_task.databases import QueueDatabase

OldRow = OldTask | OldCompletedTask

IMPORTED, COMPLETED, FAILED = "imported", "imported as completed", "imported as failed"
DUPLICATE = "left: it equals a live task"
RUNNING = "left: a worker runs it"
UNREADABLE = "left: its arguments cannot be read"

BATCH: Final = 500
_LEFT: Final = (DUPLICATE, RUNNING, UNREADABLE)
_TRIES: Final = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of the rows: how many came to which end, and which were left and why."""

    ends: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    left: list[str] = dataclasses.field(default_factory=list)
    unregistered: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def note(self, row: OldRow, end: str) -> None:
        """Count a row."""
        self.ends[end] += 1
        if end in _LEFT:
            self.left.append(f"{row}: {end}")
        elif end == IMPORTED and row.task_name not in registry:
            self.unregistered[row.task_name] += 1


class Importer:
    """Reads the old tables of one database."""

    def __init__(self, database: QueueDatabase, *, keep_duplicates: bool = False) -> None:
        """Prepare; duplicates of live tasks are left, or else kept as ``unique=False`` does."""
        self.report = Report()
        self._database = database
        self._keep_duplicates = keep_duplicates
        types = OldContentType._base_manager.using(database.alias)  # noqa: SLF001
        self._labels = {type_.pk: str(type_) for type_ in types.all()}

    def import_waiting(self) -> Iterator[int]:
        """Import the tasks that wait; yield after each batch how many rows that were so far."""
        return self._batches(OldTask, self._write_waiting)

    def import_history(self) -> Iterator[int]:
        """Import those that ended, likewise. Their ids are negative: the old ones may be taken."""
        return self._batches(OldCompletedTask, self._write_ended)

    def _batches(
        self, model: type[OldRow], write: Callable[[list[Any]], dict[OldRow, str]]
    ) -> Iterator[int]:
        last = seen = 0
        while ends := self._insist(functools.partial(self._batch, model, write, after=last)):
            for row, end in ends.items():
                self.report.note(row, end)
            last, seen = max(row.pk for row in ends), seen + len(ends)
            yield seen

    def _insist(self, write: Callable[[], dict[OldRow, str]]) -> dict[OldRow, str]:
        """Write again if somebody enqueued an equal task in between."""
        for _ in range(_TRIES):
            with contextlib.suppress(IntegrityError):
                return write()
        return write()

    def _batch(
        self, model: type[OldRow], write: Callable[[list[Any]], dict[OldRow, str]], *, after: int
    ) -> dict[OldRow, str]:
        rows = model._base_manager.using(self._database.alias)  # noqa: SLF001
        with self._database.transaction():
            locked = rows.select_for_update().filter(pk__gt=after).order_by("pk")
            ends = write(list(locked[:BATCH]))
            rows.filter(pk__in=[row.pk for row in ends if ends[row] not in _LEFT]).delete()
        return ends

    def _write_waiting(self, rows: list[OldTask]) -> dict[OldRow, str]:
        params = {row: _params(row) for row in rows}
        hashes = {row: task_hash(row.task_name, text) for row, text in params.items() if text}
        tasks = ScheduledTask.objects.using(self._database.alias)
        taken: set[str | None] = set(
            tasks.filter(live_hash__in=hashes.values()).values_list("live_hash", flat=True)
        )
        now, new, ends = tasks.database_time(), [], dict[OldRow, str]()
        for row in rows:
            hash_ = hashes.get(row)
            ends[row] = self._end_of(row, hash_, taken)
            if ends[row] == IMPORTED and hash_ is not None:
                task = ScheduledTask(
                    **self._common(row, params[row] or "", hash_),
                    live_hash=None if hash_ in taken else hash_,
                    created_at=now,
                    last_error=row.last_error,
                    repeat=max(row.repeat, 0),
                    repeat_until=row.repeat_until,
                    slot_at=row.run_at if row.repeat > 0 else None,
                )
                new.append(task)
                taken.add(hash_)
        tasks.bulk_create(new)
        return ends

    def _end_of(self, row: OldTask, hash_: str | None, taken: set[str | None]) -> str:
        if hash_ is None:
            return UNREADABLE
        # 1.2.8 kept no other name of a worker than its pid.
        if row.locked_at and is_alive(row.locked_by or ""):
            return RUNNING
        return DUPLICATE if hash_ in taken and not self._keep_duplicates else IMPORTED

    def _write_ended(self, rows: list[OldCompletedTask]) -> dict[OldRow, str]:
        failed, completed = list[FailedTask](), list[CompletedTask]()
        for row in rows:
            common = self._ended(row)
            if row.failed_at:
                end = {"error": row.last_error, "failed_at": row.failed_at}
                failed.append(FailedTask(**common, **end))
            else:
                completed.append(CompletedTask(**common, completed_at=row.run_at))
        FailedTask.objects.using(self._database.alias).bulk_create(failed)
        CompletedTask.objects.using(self._database.alias).bulk_create(completed)
        return {row: FAILED if row.failed_at else COMPLETED for row in rows}

    def _ended(self, row: OldCompletedTask) -> dict[str, Any]:
        text = _params(row) or row.task_params
        common = self._common(row, text, task_hash(row.task_name, text))
        claim = {"claimed_by": row.locked_by or "", "claimed_at": row.locked_at}
        return common | claim | {"id": -row.pk, "created_at": row.run_at}

    def _common(self, row: OldRow, params: str, hash_: str) -> dict[str, Any]:
        label = self._labels.get(row.creator_content_type_id)
        return {
            "task_name": row.task_name,
            "task_params": params,
            "task_hash": hash_,
            "queue": row.queue or "default",
            "priority": row.priority,
            "run_at": row.run_at,
            "attempts": max(row.attempts, 0),
            "verbose_name": row.verbose_name or "",
            "creator_reference": f"{label}:{row.creator_object_id}" if label else "",
        }


def _params(row: OldRow) -> str | None:
    """Return the arguments as this queue writes them, or None if they are none."""
    try:
        return encode(row.task_name, *decode(row.task_params), max_bytes=sys.maxsize)
    except (ValueError, TaskArgumentsError):
        return None
