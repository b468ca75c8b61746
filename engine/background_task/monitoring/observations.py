"""How long tasks waited and ran, counted by the workers: histograms that cost the same for ever.

Counting touches memory only. ``flush`` adds what was counted since the last one to the rows of
``Observation``, which all workers share, so nobody ever has to count the completed tasks.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any, Final

from background_task.models import Observation
from background_task.outcomes import Finished

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from django.db.models import QuerySet

    from background_task.attempt import Ended
    from background_task.databases import QueueDatabase

BOUNDS: Final = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 1e300),
)
"""Upper bounds of the buckets in seconds: 1 ms to 1 h, and whatever is longer."""

MAX_SERIES: Final = 200
OTHER: Final = "(other)"
"""The name of the task and the queue of all beyond the first MAX_SERIES pairs of a worker."""

PACE: Final = "pace"
PACE_MINUTES: Final = 60
"""For so many minutes it is known how many attempts ended in each: rows whose ``at_most`` is the
minute since 1970 by the database's clock."""

OBSERVATION: Final = "background_task_observation"

Key = tuple[str, str, str, str, float]
"""task_name, queue, kind, ended, at_most: in the order of the unique index, the order of locks."""


class Observations:
    """What a worker counted and did not write yet."""

    def __init__(self) -> None:
        self._pending: dict[Key, list[float]] = {}
        self._series: set[tuple[str, str]] = set()
        self._known: set[Key] = set()
        self._minute = 0

    def note(self, ended: Ended) -> None:
        """Count an attempt: how long its task waited, and how long it ran."""
        claim = ended.claim
        if ended.waited_seconds is not None:
            self.note_wait(claim.queue, claim.task_name, ended.waited_seconds)
        if ended.seconds is not None:
            word = "completed" if isinstance(ended, Finished) else "failed"
            self.note_run(claim.queue, claim.task_name, ended.seconds, word)

    def note_wait(self, queue: str, task_name: str, seconds: float) -> None:
        """Count an attempt that started ``seconds`` after it was due."""
        self._note(task_name, queue, "wait", "", seconds)

    def note_run(self, queue: str, task_name: str, seconds: float, ended: str) -> None:
        """Count an attempt that ended, ``completed`` or ``failed``, after ``seconds``."""
        self._note(task_name, queue, "run", ended, seconds)

    def flush(self, database: QueueDatabase) -> None:
        """Add what was counted to the table; whatever this raises, nothing that counts is lost."""
        if self._pending:
            self._write(database, self._pending)
            self._pending = {}

    def _note(self, task_name: str, queue: str, kind: str, ended: str, seconds: float) -> None:
        if (task_name, queue) not in self._series:
            if len(self._series) < MAX_SERIES:
                self._series.add((task_name, queue))
            else:
                task_name = queue = OTHER
        at_most = BOUNDS[bisect.bisect_left(BOUNDS, seconds)]
        bucket = self._pending.setdefault((task_name, queue, kind, ended, at_most), [0, 0.0])
        bucket[0] += 1
        bucket[1] += seconds

    def _write(self, database: QueueDatabase, taken: Mapping[Key, list[float]]) -> None:
        minute = int(database.now().timestamp() // 60)
        rows = {**taken, **_pace(taken, minute)}
        if minute != self._minute:
            forgotten = minute - PACE_MINUTES
            old = _rows(database).filter(task_name="", kind=PACE, at_most__lt=forgotten)
            database.retry_transient(old.delete)
            self._known = {key for key in self._known if key[2] != PACE}
            self._minute = minute
        _create(database, sorted(rows.keys() - self._known))
        self._known |= rows.keys()
        if database.retry_transient(lambda: _increase(database, rows)) < len(rows):
            # Somebody deleted rows by hand: they are made again by the next flush.
            self._known.clear()


def _pace(taken: Mapping[Key, list[float]], minute: int) -> dict[Key, list[float]]:
    """Return how many attempts ended since the last flush, as rows of this minute."""
    pace: dict[Key, list[float]] = {}
    for (_, queue, kind, ended, _), (count, seconds) in taken.items():
        if kind == "run":
            row = pace.setdefault(("", queue, PACE, ended, float(minute)), [0, 0.0])
            row[0] += count
            row[1] += seconds
    return pace


def _create(database: QueueDatabase, keys: Collection[Key]) -> None:
    """Make the rows that are not there, with nothing counted.

    Made in advance, they can be locked in their order below, so no two flushes deadlock.
    """
    names = ("task_name", "queue", "kind", "ended", "at_most")
    empty = [Observation(**dict(zip(names, key, strict=True)), count=0, seconds=0) for key in keys]
    database.retry_transient(lambda: _rows(database).bulk_create(empty, ignore_conflicts=True))


def _increase(database: QueueDatabase, rows: Mapping[Key, list[float]]) -> int:
    """Add to the rows in the order of their keys; return how many of them are there."""
    values: list[tuple[Any, ...]] = [(*rows[key], *key) for key in sorted(rows)]
    with database.transaction(), database.connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {OBSERVATION} SET count = count + %s, seconds = seconds + %s"
            " WHERE task_name = %s AND queue = %s AND kind = %s AND ended = %s AND at_most = %s",
            values,
        )
        return int(cursor.rowcount)


def _rows(database: QueueDatabase) -> QuerySet[Observation]:
    return Observation.objects.using(database.alias)
