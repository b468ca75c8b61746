"""Find due tasks at a cost that does not grow with what else is in the queue.

The claim's index has priorities first, and within each of them ``run_at``. So a look goes through
the priorities that occur, its *lanes*: in each, what is due lies together, and no row that is not
yet due is read, however many there are.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from background_task.databases import SCHEDULED, marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

Row = tuple[Any, ...]

MOST_LANES: Final = 8
"""With more priorities than this, one look goes through all of them in a single statement."""

HAS_SEQUEL: Final = "(repeat_seconds > 0 OR cron <> '' OR hold_seconds IS NOT NULL)"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The waiting tasks of one priority, or of all if it is None; from ``floor`` on if it is set.

    The floor is a ``run_at`` as the driver gave it.
    """

    priority: int | None = None
    floor: object = None


def look(database: QueueDatabase, terms: Terms, limit: int, lookout: Lookout | None) -> list[Row]:
    """Lock up to ``limit`` due rows and return them in the order in which they should start."""
    if lookout is None:
        lookout = Lookout()
    return lookout.look(database, terms, limit)


class Lookout:
    """Remembers from where to look, for as long as looking from the start is slow.

    An old snapshot that somebody holds open makes PostgreSQL keep the index entries of tasks that
    are long gone, at the very start of each lane, and every look passes over all of them. Then
    what comes before the last claimed task is looked at during a tenth of the time at most.
    """

    SLOW_SECONDS: ClassVar[float] = 0.01
    SHARE: ClassVar[int] = 10

    def __init__(self) -> None:
        self._lanes: list[Lane] = []
        self._look_from_start_at = 0.0

    def look(self, database: QueueDatabase, terms: Terms, limit: int) -> list[Row]:
        """Lock up to ``limit`` due rows and return them in the order in which they should start."""
        begun = time.monotonic()
        if begun < self._look_from_start_at:
            found = self._look_along(database, terms, self._lanes, limit)
            if found:
                return found
        self._lanes = lanes(database)
        found = self._look_along(database, terms, self._lanes, limit)
        now = time.monotonic()
        if now - begun > self.SLOW_SECONDS and database.dialect.leaves_dead_entries:
            self._raise_floors(database, [row[0] for row in found])
            self._look_from_start_at = now + self.SHARE * (now - begun)
        return found

    def _look_along(
        self, database: QueueDatabase, terms: Terms, lanes_: Sequence[Lane], limit: int
    ) -> list[Row]:
        found: list[Row] = []
        for lane in reversed(lanes_) if terms.lowest_first else lanes_:
            found += lock_due(database, terms, lane, limit - len(found))
            if len(found) >= limit:
                break
        return found

    def _raise_floors(self, database: QueueDatabase, ids: Sequence[int]) -> None:
        """Have the next looks begin where this one found its first tasks."""
        among, values = database.dialect.among(ids)
        floors = dict(
            database.execute(
                f"SELECT priority, MIN(run_at) FROM {SCHEDULED} WHERE id {among} GROUP BY priority",
                values,
            ).fetchall()
            if ids
            else []
        )
        self._lanes = [
            dataclasses.replace(lane, floor=floors.get(lane.priority)) for lane in self._lanes
        ]


def lanes(database: QueueDatabase) -> list[Lane]:
    """Return the lanes, the highest priority first; a single one for all if there are many."""
    priorities = list(itertools.islice(_priorities(database), MOST_LANES + 1))
    if len(priorities) > MOST_LANES:
        return [Lane()]
    return [Lane(priority=priority) for priority in priorities]


def lock_due(database: QueueDatabase, terms: Terms, lane: Lane, limit: int) -> list[Row]:
    """Lock and return due rows of one lane in the order in which they should start."""
    dialect = database.dialect
    condition, values = _condition(terms, lane)
    order = "priority" if terms.lowest_first else "priority DESC"
    rows: list[Row] = database.execute(
        f"SELECT id, token, attempts, COALESCE(max_attempts, %s), COALESCE(timeout_seconds, %s),"
        f" task_name, task_params, queue, {dialect.until.format(column='run_at')}, {HAS_SEQUEL}"
        f" FROM {SCHEDULED} {dialect.claim_index}"
        f" WHERE {condition} AND run_at <= {dialect.now}"
        f" ORDER BY {order}, run_at, id LIMIT %s {dialect.lock_free_rows}",
        (terms.max_attempts, terms.timeout_seconds, *values, limit),
    ).fetchall()
    return rows


def seconds_until_due(database: QueueDatabase, terms: Terms) -> float | None:
    """Return the time until the next waiting task is due or the next lease ends, or None."""
    times = [
        _seconds_until(database, "lease_until", "lease_until IS NOT NULL", ()),
        *(_seconds_until(database, "run_at", *_condition(terms, lane)) for lane in lanes(database)),
    ]
    return min((seconds for seconds in times if seconds is not None), default=None)


def _priorities(database: QueueDatabase) -> Iterator[int]:
    """Yield the priorities that wait, the highest first, each for one step into the index."""
    waiting = (
        f"SELECT priority FROM {SCHEDULED} {database.dialect.claim_index} WHERE lease_until IS NULL"
    )
    ends = (
        f"SELECT ({waiting} ORDER BY priority DESC LIMIT 1), ({waiting} ORDER BY priority LIMIT 1)"
    )
    priority, lowest = database.execute(ends).fetchone()
    while priority is not None:
        yield priority
        if priority == lowest:
            return
        below = f"{waiting} AND priority < %s ORDER BY priority DESC LIMIT 1"
        row = database.execute(below, (priority,)).fetchone()
        priority = row[0] if row else None


def _condition(terms: Terms, lane: Lane) -> tuple[str, list[Any]]:
    conditions, values = ["lease_until IS NULL"], list[Any]()
    if lane.priority is not None:
        conditions.append("priority = %s")
        values.append(lane.priority)
    if lane.floor is not None:
        conditions.append("run_at >= %s")
        values.append(lane.floor)
    if terms.queues:
        conditions.append(f"queue IN ({marks(terms.queues)})")
        values += terms.queues
    return " AND ".join(conditions), values


def _seconds_until(
    database: QueueDatabase, column: str, condition: str, values: Sequence[Any]
) -> float | None:
    until = database.dialect.until.format(column=column)
    row = database.execute(
        f"SELECT {until} FROM {SCHEDULED} {database.dialect.claim_index}"
        f" WHERE {condition} ORDER BY {column} LIMIT 1",
        values,
    ).fetchone()
    return None if row is None else float(row[0])
