"""How long each row waited to be claimed, from the moment at which anybody could have claimed it.

A wait begins when the row is due by the database's clock, and not before its creation or release.
A new row counts from the return of its enqueue, as its transaction may have been open until then;
one whose enqueue nobody knows the end of is left out.
"""

from __future__ import annotations

import dataclasses
import math
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.attempts import Enqueue
    from chaos.history import History
    from chaos.rows import Row
    from reports.schema import Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One row's time of waiting.

    Attributes:
        opened: its creation or release.
        closed: what ended it, or None if nothing did: a claim, or a deletion or change by others.
        run_at: the time that it had been given, in the database's seconds.
        ready: since when anybody could have claimed it, in the database's seconds.
        queue: of the row, where that is told.
        priority: likewise.
    """

    row: Row
    opened: Op
    closed: Op | None
    run_at: float
    ready: float
    queue: Any
    priority: float | None

    @property
    def is_claimed(self) -> bool:
        """Whether a claim ended it."""
        return self.closed is not None and self.closed.f == "claim"

    @property
    def until(self) -> float:
        """When it ended, in the database's seconds; infinity if it never did."""
        known = self.closed.database_time if self.closed is not None else None
        return math.inf if known is None else known

    @property
    def ready_time(self) -> float:
        """``ready`` by the clock of the run."""
        return self.opened.time + (self.ready - (self.opened.database_time or 0.0)) * 1e9

    @property
    def until_time(self) -> float:
        """``until`` by the clock of the run."""
        return math.inf if self.closed is None else self.closed.time


_KNOWN: weakref.WeakKeyDictionary[History, Sequence[Wait]] = weakref.WeakKeyDictionary()


def find_waits(history: History) -> Sequence[Wait]:
    """Return the waits of all rows, row by row; several checkers ask for them."""
    if history not in _KNOWN:
        makers = _makers(history)
        _KNOWN[history] = [
            wait for row in history.rows.values() for wait in _waits_of(history, row, makers)
        ]
    return _KNOWN[history]


def _makers(history: History) -> Mapping[Any, Enqueue]:
    """Return the enqueue that made each row, where one was told so."""
    return {
        enqueue.row: enqueue
        for task in history.tasks.values()
        for enqueue in task.enqueues
        if enqueue.is_acknowledged and not enqueue.is_duplicate
    }


def _waits_of(history: History, row: Row, makers: Mapping[Any, Enqueue]) -> Iterator[Wait]:
    opened: Op | None = None
    for op in row.audit:
        if opened is not None and (wait := _wait(history, row, makers, opened, op)):
            yield wait
        opened = op if op.f in ("created", "release") else None
    if opened is not None and (wait := _wait(history, row, makers, opened, None)):
        yield wait


def _wait(
    history: History, row: Row, makers: Mapping[Any, Enqueue], opened: Op, closed: Op | None
) -> Wait | None:
    run_at, now = opened.value.get("run_at"), opened.database_time
    seen = _seen(history, row, makers, opened)
    if run_at is None or now is None or seen is None:
        return None
    told = row.created.value if row.created else {}
    return Wait(
        row=row,
        opened=opened,
        closed=closed,
        run_at=float(run_at),
        ready=max(float(run_at), now + (seen - opened.time) / 1e9),
        queue=told.get("queue"),
        priority=told.get("priority"),
    )


def _seen(history: History, row: Row, makers: Mapping[Any, Enqueue], opened: Op) -> float | None:
    """Return when the opening op was there for others to see; None if nobody knows."""
    if opened.f == "release":
        return opened.time
    maker = makers.get(row.id)
    if maker is not None and maker.end is not None:
        return max(opened.time, maker.end.time)
    enqueues = history.tasks[row.task].enqueues if row.task is not None else []
    return None if any(enqueue.end is None for enqueue in enqueues) else opened.time
