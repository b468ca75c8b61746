"""PostgreSQL's dialect, through psycopg."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from engine.databases.dialect import CONNECT_TIMEOUT_SECONDS, Dialect, Session, server_settings

if TYPE_CHECKING:
    import psycopg

    from engine.databases.address import Address

_DURABILITY_QUERY = """
    SELECT name, setting FROM pg_settings
    WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method')
    ORDER BY name
"""
_SESSIONS_QUERY = """
    SELECT pid, coalesce(state, ''),
        coalesce(extract(epoch FROM clock_timestamp() - state_change), 0),
        left(coalesce(query, ''), 200), client_port
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'
    ORDER BY pid
"""


class PostgreSQL(Dialect):
    """PostgreSQL's words."""

    driver: ClassVar[str] = "psycopg"
    driver_package: ClassVar[str] = "psycopg[binary]"
    version_query: ClassVar[str] = "SELECT current_setting('server_version')"

    def connect(self, address: Address) -> psycopg.Connection[Any]:
        """Open a connection in autocommit mode."""
        import psycopg

        return psycopg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            dbname=address.database,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
        )

    def session(self, connection: Any) -> int:
        """Tell the process id of the connection's backend."""
        return int(connection.info.backend_pid)

    def create(self, address: Address) -> None:
        """Create the database unless it is there."""
        with contextlib.closing(self._connect_beside(address)) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (address.database,)
            )
            if found.fetchone() is None:
                self._execute(connection, "CREATE DATABASE {}", address)

    def reset(self, address: Address) -> None:
        """Drop the database with its sessions and create it again."""
        with contextlib.closing(self._connect_beside(address)) as connection:
            self._execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", address)
            self._execute(connection, "CREATE DATABASE {}", address)

    def durability(self, address: Address) -> dict[str, str]:
        """Ask fsync, full_page_writes, synchronous_commit and wal_sync_method."""
        return dict(self.ask(address, _DURABILITY_QUERY))

    def blockers(self, address: Address, session: int) -> tuple[int, ...]:
        """Ask which backends hold, or wait before us for, any lock that the given one wants."""
        return tuple(self.ask(address, "SELECT pg_blocking_pids(%s)", (session,))[0][0])

    def sessions(self, address: Address) -> tuple[Session, ...]:
        """Ask pg_stat_activity for the clients of the database."""
        return tuple(
            Session(number=pid, state=state, seconds=float(age), query=query, client_port=port)
            for pid, state, age, query, port in self.ask(address, _SESSIONS_QUERY)
        )

    def end_session(self, address: Address, number: int) -> bool:
        """Have the backend terminated."""
        return bool(self.ask(address, "SELECT pg_terminate_backend(%s)", (number,))[0][0])

    def django_settings(self, address: Address) -> dict[str, Any]:
        """Write settings without options: the server's defaults are ours."""
        return server_settings(address, engine="django.db.backends.postgresql", options={})

    def _connect_beside(self, address: Address) -> psycopg.Connection[Any]:
        """Connect to the database that every server has: one's own cannot be dropped."""
        return self.connect(dataclasses.replace(address, database="postgres"))

    @staticmethod
    def _execute(connection: psycopg.Connection[Any], statement: str, address: Address) -> None:
        from psycopg import sql

        connection.execute(sql.SQL(statement).format(sql.Identifier(address.database)))
