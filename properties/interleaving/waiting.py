"""Which sessions wait for a lock, and for whose: asked of the database, so that it is proven.

A session that is slow is not taken for one that waits, so a schedule is the same on any machine.
SQLite has nobody to ask: there a statement that would wait is refused at once, which is the proof.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable

Blockers = tuple[int, ...]
"""The sessions that one waits for, by the database's numbers."""

_INNODB_TRANSACTION: Final = re.compile(r"^---TRANSACTION ", re.MULTILINE)
_THREAD: Final = re.compile(r"thread id (\d+)")


class Watcher:
    """Asks on a connection of its own."""

    def __init__(self, alias: str) -> None:
        connection: Any = connections.create_connection(alias)
        self._connection = connection
        self._ask: Callable[[int], Blockers | None] = self._postgresql
        if connection.vendor == "mysql":
            self._ask = self._innodb

    @property
    def looks_for_deadlocks_once(self) -> bool:
        """Whether a session looks for a deadlock once, when it has waited for a while."""
        return bool(self._connection.vendor == "postgresql")

    def blockers(self, session: int) -> Blockers | None:
        """Return whom a session waits for, or None if it does not wait."""
        return self._ask(session)

    def is_there(self, session: int) -> bool:
        """Tell whether the server still has the session, with whatever it holds."""
        if self._connection.vendor == "postgresql":
            return bool(self._rows("SELECT 1 FROM pg_stat_activity WHERE pid = %s", session))
        if self._connection.vendor == "mysql":
            query = "SELECT 1 FROM information_schema.processlist WHERE id = %s"
            return bool(self._rows(query, session))
        return False

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _postgresql(self, session: int) -> Blockers | None:
        ((pids,),) = self._rows("SELECT pg_blocking_pids(%s)", session)
        return tuple(pids) or None

    def _innodb(self, session: int) -> Blockers | None:
        """Read the one answer that is neither old nor mistaken; it does not say for whom one waits.

        InnoDB's tables of transactions are up to a tenth of a second old, and MySQL's
        ``data_lock_waits`` names whoever made a lock, which may be another one than its owner.
        """
        ((_, _, status),) = self._rows("SHOW ENGINE INNODB STATUS")
        for transaction in _INNODB_TRANSACTION.split(status)[1:]:
            thread = _THREAD.search(transaction)
            if thread and int(thread[1]) == session:
                return () if "LOCK WAIT" in transaction[: thread.start()] else None
        return None

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())


def number_of(connection: Any) -> int | None:
    """Return the database's number of a session that is open; None on SQLite."""
    if connection.vendor == "postgresql":
        return int(connection.connection.info.backend_pid)
    if connection.vendor == "mysql":
        return int(connection.connection.thread_id())
    return None
