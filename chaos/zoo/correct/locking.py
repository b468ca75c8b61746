"""Locks that the correct engines take, or do without, in place of those of the reference engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase


def looking_with(database: QueueDatabase, lock: str) -> QueueDatabase:
    """Return the same database for looks that lock the rows they find in another way, or do not."""
    from background_task.databases import QueueDatabase

    looking = QueueDatabase(database.alias)
    looking.dialect.lock_free_rows = lock
    return looking


def lock_out(database: QueueDatabase, number: int) -> None:
    """Wait until no other session is between here and the end of its transaction.

    PostgreSQL has a lock for each number. MySQL's own GET_LOCK would outlive a transaction that is
    rolled back, so there it is one for all numbers: a row that every project has and that nobody
    else locks. On SQLite whoever writes is alone already.
    """
    if database.connection.vendor == "postgresql":
        database.execute("SELECT pg_advisory_xact_lock(%s)", (number,))
    else:
        lock = database.dialect.lock
        database.execute(f"SELECT id FROM django_migrations ORDER BY id LIMIT 1 {lock}")  # noqa: S608
