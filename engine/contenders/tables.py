"""Counts and empties the tables of a queue, in each database's own words.

Emptied tables are as small as new ones, so that every step starts from the same state.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from engine.contenders.contender import ContenderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.databases import Database


@contextlib.contextmanager
def asking(contender: str, database: Database) -> Iterator[Any]:
    """Give a cursor of a connection of its own; every error becomes one sentence.

    Raises:
        ContenderError: the database refused something or did not answer.
    """
    try:
        with contextlib.closing(database.connect()) as connection:
            yield connection.cursor()
    except Exception as error:  # each driver has its own
        reason = str(error).strip().partition("\n")[0]
        raise ContenderError(
            f"{database.name} did not do what was asked about the tables of {contender}: {reason}"
        ) from error


def count(cursor: Any, table: str, condition: str) -> int:
    """Count the rows of a table."""
    cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE {condition}")  # noqa: S608 - our constants
    return int(cursor.fetchone()[0])


def empty(cursor: Any, database: Database, tables: Sequence[str]) -> None:
    """Empty tables; nobody else uses them meanwhile."""
    is_ours = database.provider != "dsn"
    for statement in statements(database.name, tables, is_ours=is_ours):
        cursor.execute(statement)
        if cursor.description is not None:
            cursor.fetchall()


def statements(database: str, tables: Sequence[str], *, is_ours: bool) -> list[str]:
    """Return what empties tables; a server of somebody else's is not told to write out its cache.

    SQLite's tables are not analysed: a project's never are unless somebody thinks of it.
    """
    names = ", ".join(tables)
    match database:
        case "postgresql":
            checkpoint = ["CHECKPOINT"] if is_ours else []
            truncate = f"TRUNCATE {names} RESTART IDENTITY"
            return [truncate, f"VACUUM (ANALYZE) {names}", *checkpoint]
        case "sqlite":
            quoted = ", ".join(f"'{table}'" for table in tables)
            return [
                *(f"DELETE FROM {table}" for table in tables),  # noqa: S608 - our constants
                f"DELETE FROM sqlite_sequence WHERE name IN ({quoted})",  # noqa: S608 - likewise
                "VACUUM",
                "PRAGMA wal_checkpoint(TRUNCATE)",
            ]
        case _:
            return [*(f"TRUNCATE TABLE {table}" for table in tables), f"ANALYZE TABLE {names}"]
