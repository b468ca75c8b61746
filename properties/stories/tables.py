"""A queue's tables as they are at one moment, whatever they are called."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is asked of a task."""

    task_name: str
    attempts: int
    token: int = 0
    task_hash: str | None = None
    is_periodic: bool = False
    is_claimed: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """All tasks by id, by the table that they are in.

    Attributes:
        deleted: rows that somebody deleted on purpose.
    """

    live: dict[int, Row]
    completed: dict[int, Row]
    failed: dict[int, Row]
    deleted: frozenset[int] = frozenset()

    @property
    def unfinished(self) -> list[int]:
        """The tasks that have to end one day: a periodic one only ends what it has begun."""
        return [id_ for id_, row in self.live.items() if row.is_claimed or not row.is_periodic]

    def places(self, row: int) -> list[str]:
        """Return the names of the tables that a row is in."""
        named = {"scheduledtask": self.live, "completedtask": self.completed}
        named["failedtask"] = self.failed
        return [name for name, rows in named.items() if row in rows]
