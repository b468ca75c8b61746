"""Connections of the harness's own, by which a fault does what a careless client would do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import NotLanded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.arena import Arena


@contextlib.contextmanager
def side_connection(arena: Arena) -> Iterator[Any]:
    """Give a connection to the database; closing it undoes whatever it began.

    Raises:
        NotLanded: there was none to be had.
    """
    try:
        connection = arena.database.connect()
    except Exception as error:
        raise NotLanded(f"the database takes no connection: {_line(error)}") from error
    try:
        yield connection
    finally:
        # Another fault may have ended it.
        with contextlib.suppress(Exception):
            connection.close()


def ask(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows; raises NotLanded if the database refuses."""
    try:
        with _cursor(connection) as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
    except Exception as error:
        raise NotLanded(f"the database refuses {sql.partition(' ')[0]}: {_line(error)}") from error


@contextlib.contextmanager
def _cursor(connection: Any) -> Iterator[Any]:
    cursor = connection.cursor()
    try:
        yield cursor
    finally:
        with contextlib.suppress(Exception):
            cursor.close()


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
