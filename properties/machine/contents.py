"""What is in the tables, and what the model says that should be: every column of every row."""

from __future__ import annotations

import collections
import dataclasses
import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import DateTimeField

from background_task.models import CompletedTask, FailedTask, ScheduledTask
from properties.machine.calls import TASK_NAME, VERBOSE_NAME, hash_of, params_of
from properties.model import LEASE_RAN_OUT, ModelError, ModelQueue, ModelTask
from properties.queue_tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Field, Model

    from background_task.databases import QueueDatabase
    from properties.machine.clock import Clock

Row = dict[str, Any]

RESULT: Final = '"done"'
RUN_SECONDS: Final = 1.5
EXCEPTION: Final = "shop.OutOfPaper"

_COLUMNS: Final[dict[type[Model], dict[str, Field[Any, Any]]]] = {
    table: {field.attname: field for field in table._meta.concrete_fields} for table in TABLES
}
# Plain SQL: to build the same five queries after every step would take longer than to run them.
_SELECT: Final = {
    table: f"SELECT {', '.join(str(field.column) for field in columns.values())}"  # noqa: S608
    f" FROM {table._meta.db_table} ORDER BY {table._meta.pk.column}"
    for table, columns in _COLUMNS.items()
}
_TIMES: Final = {
    table: [name for name, field in columns.items() if isinstance(field, DateTimeField)]
    for table, columns in _COLUMNS.items()
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The rows of all tables; a task's ``place`` is its state.

    Attributes:
        twice: ids that are in more than one table.
        held: id and end of each hold, by hash.
        due_order: what the database sorts a live row by, which is finer than the model's time.
        tables: those that have rows.
    """

    tasks: dict[int, Row]
    errors: dict[int, list[Row]]
    held: dict[str, tuple[int, int]]
    twice: frozenset[int] = frozenset()
    due_order: dict[int, datetime.datetime] = dataclasses.field(default_factory=dict)
    tables: Sequence[type[Model]] = ()


def found(database: QueueDatabase, clock: Clock) -> Contents:
    """Read all tables, one statement for each."""
    by_table = {table: _rows(database, table) for table in TABLES}
    live, completed, failed, errors, held = by_table.values()
    due_order = {row["id"]: row["run_at"] for row in live}
    for table, rows in by_table.items():
        for row in rows:
            row |= {name: clock.moment(row[name]) for name in _TIMES[table] if row[name]}
    for row in live:
        row["place"] = "waiting" if row["lease_until"] is None else "claimed"
    places = {"completed": completed, "failed": failed}
    ended = [row | {"place": place} for place, rows in places.items() for row in rows]
    tasks = [_plain(row) for row in (*live, *ended)]
    ids = collections.Counter(row["id"] for row in tasks)
    return Contents(
        tasks={row["id"]: row for row in tasks},
        errors=_by_task(errors),
        held={row["task_hash"]: (row["task_id"], row["held_until"]) for row in held},
        twice=frozenset(id_ for id_, count in ids.items() if count > 1),
        due_order=due_order,
        tables=[table for table, rows in by_table.items() if rows],
    )


def wanted(model: ModelQueue) -> Contents:
    """Return what the model says that the tables hold."""
    tasks = {}
    places = {"": model.live, "completed": model.completed, "failed": model.failed}
    tables: tuple[type[Model], ...] = (ScheduledTask, CompletedTask, FailedTask)
    for (place, rows), table in zip(places.items(), tables, strict=True):
        for id_, task in rows.items():
            state = place or ("waiting" if task.lease_until is None else "claimed")
            row = _row(task, state)
            tasks[id_] = {name: row[name] for name in (*_COLUMNS[table], "place")}
    return Contents(
        tasks=tasks,
        errors={id_: [_error(one) for one in errors] for id_, errors in model.errors.items()},
        held={hash_of(key): (hold.id, hold.until) for key, hold in model.held.items()},
    )


def unlikeness(run: ModelTask, row: Row) -> int:
    """Return in how many columns a live row is another than the model's task."""
    like = _row(run, "waiting")
    return sum(row[name] != like[name] for name in _COLUMNS[ScheduledTask])


def _rows(database: QueueDatabase, table: type[Model]) -> list[Row]:
    names, times = _COLUMNS[table], _TIMES[table]
    rows = [
        dict(zip(names, row, strict=True)) for row in database.execute(_SELECT[table]).fetchall()
    ]
    for row in rows:
        row |= {name: _as_time(row[name]) for name in times if row[name]}
    return rows


def _as_time(value: str | datetime.datetime) -> datetime.datetime:
    """Return a time as a driver gave it: some give text, and some leave out that it is UTC."""
    time = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def _plain(row: Row) -> Row:
    """Return a row of which the error says whether it is the reaper's, and not how it says so."""
    if "error" in row:
        row["error"] = _text(row["error"], row["claimed_by"])
    if "last_error" in row:
        row["last_error"] = _text(row["last_error"], "")
    return row


def _text(error: str, owner: str) -> str:
    return LEASE_RAN_OUT if f"the lease of worker {owner}" in error else error


def _by_task(rows: list[Row]) -> dict[int, list[Row]]:
    errors: dict[int, list[Row]] = {}
    for row in rows:
        text = _text(row["traceback"], row["claimed_by"])
        kept = {name: row[name] for name in row if name not in ("id", "task_id", "traceback")}
        errors.setdefault(row["task_id"], []).append({**kept, "traceback": text})
    return errors


def _row(task: ModelTask, place: str) -> Row:
    """Return all columns that a task may have, in whichever table."""
    call, hash_ = task.call, hash_of(task.call.key)
    is_unseen = place == "failed" and task.error == LEASE_RAN_OUT
    return {
        "place": place,
        "id": task.id,
        "task_name": TASK_NAME,
        "task_params": params_of(call.key),
        "task_hash": hash_,
        "live_hash": hash_ if call.is_unique else None,
        "is_unique": call.is_unique,
        "queue": call.queue,
        "priority": task.priority,
        "run_at": task.run_at,
        "created_at": task.created_at,
        "attempts": task.attempts,
        "max_attempts": call.max_attempts,
        "timeout_seconds": call.timeout,
        "token": task.token,
        "claimed_by": task.owner,
        "claimed_at": task.claimed_at,
        "lease_until": task.lease_until,
        "slot_at": task.slot,
        "repeat": call.repeat,
        "repeat_until": task.until,
        "catch_up": call.catch_up,
        "cron": "",
        "hold_seconds": call.window,
        "verbose_name": VERBOSE_NAME,
        "creator_reference": "",
        "backend": "",
        "last_error": task.error,
        "error": task.error,
        "run_seconds": None if is_unseen else RUN_SECONDS,
        "result": RESULT,
        "completed_at": task.ended_at,
        "failed_at": task.ended_at,
    }


def _error(error: ModelError) -> Row:
    is_reaped = error.text == LEASE_RAN_OUT
    return {
        "attempt": error.attempt,
        "claimed_by": error.owner,
        "failed_at": error.at,
        "run_seconds": None if is_reaped else RUN_SECONDS,
        "exception": "" if is_reaped else EXCEPTION,
        "traceback": error.text,
    }
