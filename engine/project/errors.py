"""Errors that a database may answer with, raised by the driver itself and with their consequences.

A server that can raise an error of a given code on demand is asked to: then the driver's
exception, its code and the state of the transaction are what they would be. A connection is lost
because it really is ended. SQLite raises nothing on demand, so there the driver's exception is made
here, with the words and the code of SQLite's own.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any, Final

CONNECTION_LOST: Final = "connection-lost"
"""The only one that says nothing of what became of the statement."""

POSTGRESQL: Final = {
    "deadlock": "40P01",
    "serialization": "40001",
    "lock-timeout": "55P03",
    "statement-timeout": "57014",
    "too-many-connections": "53300",
    "read-only": "25006",
    "disk-full": "53100",
}
MYSQL: Final = {
    "deadlock": ("40001", 1213),
    "serialization": ("HY000", 1020),
    "lock-timeout": ("HY000", 1205),
    "statement-timeout": ("HY000", 3024),
    "too-many-connections": ("08004", 1040),
    "read-only": ("HY000", 1290),
    "disk-full": ("HY000", 1021),
}
MARIADB: Final = MYSQL | {"statement-timeout": ("70100", 1969)}
SQLITE: Final = {
    "deadlock": ("database is locked", "SQLITE_BUSY"),
    "serialization": ("database is locked", "SQLITE_BUSY_SNAPSHOT"),
    "lock-timeout": ("database is locked", "SQLITE_BUSY"),
    "statement-timeout": ("interrupted", "SQLITE_INTERRUPT"),
    "too-many-connections": ("unable to open database file", "SQLITE_CANTOPEN"),
    "read-only": ("attempt to write a readonly database", "SQLITE_READONLY"),
    "disk-full": ("database or disk is full", "SQLITE_FULL"),
    CONNECTION_LOST: ("disk I/O error", "SQLITE_IOERR"),
}
NAMES: Final = tuple(SQLITE)


def raise_error(connection: Any, name: str) -> None:
    """Let the database answer with the error; raises Django's exception for it."""
    with connection.wrap_database_errors:
        match connection.vendor:
            case "postgresql":
                _ask(connection, *_in_postgresql(name))
            case "mysql":
                _ask(connection, *_in_mysql(connection, name))
            case _:
                raise _of_sqlite(name)


def _in_postgresql(name: str) -> list[str]:
    if name == CONNECTION_LOST:
        return ["SELECT pg_terminate_backend(pg_backend_pid())"]
    code = POSTGRESQL[name]
    return [f"DO $$ BEGIN RAISE EXCEPTION 'killproof: {name}' USING ERRCODE = '{code}'; END $$"]


def _in_mysql(connection: Any, name: str) -> list[str]:
    if name == CONNECTION_LOST:
        with contextlib.suppress(Exception):
            _ask(connection, f"KILL {int(connection.connection.thread_id())}")
        return ["SELECT 1"]
    state, number = (MARIADB if connection.mysql_is_mariadb else MYSQL)[name]
    message = f"MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'killproof: {name}'"
    # As InnoDB does for the victim of a deadlock. What other errors undo is their own statement,
    # which has been done by now if it comes after; then the whole transaction stands in for it.
    return ["ROLLBACK", f"SIGNAL SQLSTATE '{state}' SET {message}"]


def _of_sqlite(name: str) -> sqlite3.OperationalError:
    message, code = SQLITE[name]
    error = sqlite3.OperationalError(message)
    error.sqlite_errorname = code
    error.sqlite_errorcode = getattr(sqlite3, code)
    return error


def _ask(connection: Any, *statements: str) -> None:
    cursor = connection.connection.cursor()
    try:
        for sql in statements:
            cursor.execute(sql)
    finally:
        cursor.close()
