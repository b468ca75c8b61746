"""What is known about the queue: numbers from a few queries, none of which reads ended tasks.

The cost grows with the live tasks only: a million of them take a part of a second.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import operator
from typing import TYPE_CHECKING, Any, Final

from background_task.databases import SCHEDULED
from background_task.error_texts import naming_line
from background_task.models import FailedTask, Observation, Worker
from background_task.monitoring.observations import PACE, PACE_MINUTES
from background_task.monitoring.workers import is_alive

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

FAILED_LIMIT: Final = 100_000
RECENT_FAILURES: Final = 10
STATES: Final = ("waiting", "due", "running", "failed")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """The tasks of a queue that did not complete.

    Attributes:
        waiting: not due yet; retries wait here for the end of their backoff.
        due: could run now.
        running: claimed.
        failed: given up; over all queues, FAILED_LIMIT of them are counted.
        oldest_due_seconds: for how long the first one could have run, 0 if none is due.
    """

    name: str
    waiting: int = 0
    due: int = 0
    running: int = 0
    failed: int = 0
    oldest_due_seconds: float = 0.0

    @property
    def oldest_due(self) -> datetime.timedelta:
        """The same for people."""
        return datetime.timedelta(seconds=round(self.oldest_due_seconds))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """A worker that is alive, or that fell silent without saying that it ends."""

    name: str
    queues: tuple[str, ...]
    processes: int
    started_at: datetime.datetime
    silent_seconds: float
    is_alive: bool

    @property
    def silent(self) -> datetime.timedelta:
        """The silence, for people."""
        return datetime.timedelta(seconds=round(self.silent_seconds))

    def serves(self, queue: str) -> bool:
        """Tell whether it runs tasks of that queue now."""
        return self.is_alive and (not self.queues or queue in self.queues)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """How many attempts ended in the minute that began then."""

    at: datetime.datetime
    completed: int = 0
    failed: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The queue at one moment of the database's clock; ``failures`` are the latest failed tasks."""

    now: datetime.datetime
    queues: list[QueueStatus]
    workers: list[WorkerStatus]
    minutes: list[Minute]
    failures: list[dict[str, Any]]


def read_status(database: QueueDatabase) -> Status:
    """Ask the database for everything that the status page shows."""
    now = database.now()
    return Status(
        now=now,
        queues=read_queues(database),
        workers=read_workers(database, now),
        minutes=_read_minutes(database, now),
        failures=_read_failures(database),
    )


def read_queues(database: QueueDatabase) -> list[QueueStatus]:
    """Return the queues that have tasks, by name."""
    due = f"lease_until IS NULL AND run_at <= {database.dialect.now}"
    until = database.dialect.until.format(column=f"MIN(CASE WHEN {due} THEN run_at END)")
    live = database.execute(
        f"SELECT queue, COUNT(*), COUNT(lease_until), COUNT(CASE WHEN {due} THEN 1 END), {until}"
        f" FROM {SCHEDULED} GROUP BY queue"
    ).fetchall()
    counted = database.execute(
        "SELECT queue, COUNT(*) FROM (SELECT queue FROM background_task_failedtask"
        f" LIMIT {FAILED_LIMIT}) AS counted GROUP BY queue"
    ).fetchall()
    failed = dict(counted)
    queues = [
        QueueStatus(
            name=name,
            waiting=count - running - due,
            due=due,
            running=running,
            failed=failed.pop(name, 0),
            oldest_due_seconds=max(0.0, -float(until or 0.0)),
        )
        for name, count, running, due, until in live
    ]
    queues += [QueueStatus(name=name, failed=count) for name, count in failed.items()]
    return sorted(queues, key=operator.attrgetter("name"))


def read_workers(database: QueueDatabase, now: datetime.datetime) -> list[WorkerStatus]:
    """Return the workers, by name."""
    return [
        WorkerStatus(
            name=worker.name,
            queues=tuple(filter(None, worker.queues.split(","))),
            processes=worker.processes,
            started_at=worker.started_at,
            silent_seconds=max(0.0, (now - worker.seen_at).total_seconds()),
            is_alive=is_alive(worker, now),
        )
        for worker in Worker.objects.using(database.alias).order_by("name", "id")
    ]


def total(queues: list[QueueStatus]) -> QueueStatus:
    """Return all queues as one."""
    counts = {state: sum(getattr(queue, state) for queue in queues) for state in STATES}
    oldest = max((queue.oldest_due_seconds for queue in queues), default=0.0)
    return QueueStatus(name="all queues", **counts, oldest_due_seconds=oldest)


def _read_minutes(database: QueueDatabase, now: datetime.datetime) -> list[Minute]:
    """Return the last hour, the minute that has begun included."""
    last = int(now.timestamp() // 60)
    counts = collections.Counter[tuple[int, str]]()
    pace = Observation.objects.using(database.alias).filter(task_name="", kind=PACE)
    for minute, ended, count in pace.values_list("at_most", "ended", "count"):
        counts[int(minute), ended] += count
    return [
        Minute(
            at=datetime.datetime.fromtimestamp(60 * minute, datetime.UTC),
            completed=counts[minute, "completed"],
            failed=counts[minute, "failed"],
        )
        for minute in range(last - PACE_MINUTES + 1, last + 1)
    ]


def _read_failures(database: QueueDatabase) -> list[dict[str, Any]]:
    latest = FailedTask.objects.using(database.alias).order_by("-failed_at")
    rows = latest.values("id", "task_name", "queue", "failed_at", "error")[:RECENT_FAILURES]
    return [{**row, "error": naming_line(row["error"])[:500]} for row in rows]
