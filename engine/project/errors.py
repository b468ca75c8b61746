"""Errors that a database may answer with, raised by the driver itself and with their consequences.

A server that can raise an error of a given code on demand is asked to: then the driver's
exception, its code and the state of the transaction are what they would be. SQLite raises none on
demand, so there the driver's exception is made here.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final

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
    "serialization": ("40001", 1020),
    "lock-timeout": ("HY000", 1205),
    "statement-timeout": ("70100", 1317),
    "too-many-connections": ("08004", 1040),
    "read-only": ("HY000", 1290),
    "disk-full": ("HY000", 1021),
}
SQLITE: Final = {
    "lock-timeout": "database is locked",
    "read-only": "attempt to write a readonly database",
    "disk-full": "database or disk is full",
}
_ENDS_TRANSACTION: Final = frozenset({"deadlock", "serialization"})


def names(vendor: str) -> frozenset[str]:
    """Return the errors that a database of that vendor can answer with."""
    known = {"postgresql": POSTGRESQL, "sqlite": SQLITE}.get(vendor, MYSQL)
    return frozenset(known)


def raise_error(connection: Any, name: str) -> None:
    """Let the database answer with the error; raises Django's exception for it."""
    with connection.wrap_database_errors:
        match connection.vendor:
            case "postgresql":
                _ask(connection, _POSTGRESQL_SQL.format(name=name, code=POSTGRESQL[name]))
            case "mysql":
                state, number = MYSQL[name]
                if name in _ENDS_TRANSACTION:
                    # As InnoDB does for the victim of a deadlock.
                    _ask(connection, "ROLLBACK")
                _ask(connection, _MYSQL_SQL.format(name=name, state=state, number=number))
            case _:
                raise sqlite3.OperationalError(SQLITE[name])


_POSTGRESQL_SQL: Final = (
    "DO $$ BEGIN RAISE EXCEPTION 'killproof: {name}' USING ERRCODE = '{code}'; END $$"
)
_MYSQL_SQL: Final = (
    "SIGNAL SQLSTATE '{state}' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'killproof: {name}'"
)


def _ask(connection: Any, sql: str) -> None:
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
    finally:
        cursor.close()
