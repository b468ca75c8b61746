"""Commits that do not wait for the disk: no server dies in these suites.

What a killed server leaves behind is the question of ``nox -s chaos``, which leaves all that a
database does for durability as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


def relax_durability(connection: BaseDatabaseWrapper) -> None:
    """Have this connection, and all that are opened from now on, commit without the disk.

    SQLite is left alone: its setting belongs to each connection, and its commits are quick enough.
    """
    for statement in _statements(connection):
        with connection.cursor() as cursor:
            cursor.execute(statement)


def _statements(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    match connection.vendor:
        case "postgresql":
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            return (
                f"ALTER DATABASE {name} SET synchronous_commit = off",
                "SET synchronous_commit = off",
            )
        case "mysql":
            return (
                "SET GLOBAL innodb_flush_log_at_trx_commit = 2",
                "SET GLOBAL sync_binlog = 0",
            )
    return ()
