"""The dialects of MySQL and MariaDB, through PyMySQL: they part ways only in who blocks whom."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING, Any, ClassVar

from engine.databases.dialect import CONNECT_TIMEOUT_SECONDS, Dialect, Session, server_settings

if TYPE_CHECKING:
    from engine.databases.address import Address

_DURABILITY_QUERY = """
    SHOW GLOBAL VARIABLES WHERE variable_name IN (
        'innodb_doublewrite', 'innodb_flush_log_at_trx_commit', 'innodb_flush_method',
        'log_bin', 'sync_binlog'
    )
"""
_SESSIONS_QUERY = """
    SELECT id, command, time, left(info, 200), host FROM information_schema.processlist
    WHERE db = %s AND id <> CONNECTION_ID() ORDER BY id
"""
# A statement that waits for a killed session's rollback gives up after this time.
_LOCK_TIMEOUT_SECONDS = 20
# InnoDB renews its views of transactions only if nobody has read them for a tenth of a second.
_VIEWS_REST_SECONDS = 0.12
_NO_SUCH_SESSION = 1094


class MySQL(Dialect):
    """MySQL's words."""

    driver: ClassVar[str] = "pymysql"
    driver_package: ClassVar[str] = "PyMySQL"
    version_query: ClassVar[str] = "SELECT version()"
    # By transaction: the threads of data_lock_waits are those that wrote the locks down, and who
    # finds the row of an open transaction locked by implication writes that lock down for it.
    blockers_query: ClassVar[str] = """
        SELECT DISTINCT blocking.trx_mysql_thread_id
        FROM performance_schema.data_lock_waits AS wait
        JOIN information_schema.innodb_trx AS waiting
            ON waiting.trx_id = wait.requesting_engine_transaction_id
        JOIN information_schema.innodb_trx AS blocking
            ON blocking.trx_id = wait.blocking_engine_transaction_id
        WHERE waiting.trx_mysql_thread_id = %s
        ORDER BY 1
    """

    def connect(self, address: Address) -> Any:
        """Open a connection in autocommit mode."""
        import pymysql

        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=address.database or None,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
        )

    def session(self, connection: Any) -> int:
        """Tell the connection's id in the process list."""
        return int(connection.thread_id())

    def create(self, address: Address) -> None:
        """Create the database unless it is there."""
        with contextlib.closing(self._connect_beside(address)) as connection:
            self._create(connection, address)

    def reset(self, address: Address) -> None:
        """End the sessions on the database, drop it and create it again."""
        with contextlib.closing(self._connect_beside(address)) as connection:
            self._end_sessions(connection, address)
            cursor = connection.cursor()
            cursor.execute(f"SET SESSION lock_wait_timeout = {_LOCK_TIMEOUT_SECONDS}")
            if _exists(cursor, address):
                cursor.execute(f"DROP DATABASE {_identifier(address.database)}")
            self._create(connection, address)

    def durability(self, address: Address) -> dict[str, str]:
        """Ask how InnoDB and the binary log write a commit."""
        return {str(name): str(value) for name, value in self.ask(address, _DURABILITY_QUERY)}

    def blockers(self, address: Address, session: int) -> tuple[int, ...]:
        """Ask which connections hold a row lock that the given one waits for.

        The account needs PROCESS, and on MySQL SELECT on performance_schema.data_lock_waits. Two
        who ask again and again at the same time keep each other's answers old.
        """
        # Who asks again and again would otherwise be told for ever what was so at the first time.
        time.sleep(_VIEWS_REST_SECONDS)
        rows = self.ask(address, self.blockers_query, (session,))
        return tuple(int(blocker) for (blocker,) in rows)

    def sessions(self, address: Address) -> tuple[Session, ...]:
        """Ask the process list for the clients of the database."""
        rows = self.ask(address, _SESSIONS_QUERY, (address.database,))
        return tuple(
            Session(
                number=int(number),
                state=str(command),
                seconds=float(seconds or 0),
                query=str(query or ""),
                client_port=_port_of(str(host)),
            )
            for number, command, seconds, query, host in rows
        )

    def end_session(self, address: Address, number: int) -> bool:
        """Kill the connection."""
        with contextlib.closing(self.connect(address)) as connection:
            return _kill(connection.cursor(), number)

    def django_settings(self, address: Address) -> dict[str, Any]:
        """Write settings that can store any text."""
        return server_settings(
            address, engine="django.db.backends.mysql", options={"charset": "utf8mb4"}
        )

    def _connect_beside(self, address: Address) -> Any:
        """Connect to no database, so that none is in our own way."""
        return self.connect(dataclasses.replace(address, database=""))

    def _create(self, connection: Any, address: Address) -> None:
        cursor = connection.cursor()
        if not _exists(cursor, address):
            name = _identifier(address.database)
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")

    def _end_sessions(self, connection: Any, address: Address) -> None:
        cursor = connection.cursor()
        cursor.execute("SHOW FULL PROCESSLIST")
        sessions = [row[0] for row in cursor.fetchall() if row[3] == address.database]
        for session in sessions:
            _kill(cursor, session)


class MariaDB(MySQL):
    """MariaDB's words: it never had MySQL's tables of locks, and kept those of old."""

    # All transactions that have written nothing have the number 0 here. So one that waits is known
    # by its lock, and one without locks is no blocker; those that share locks are all named.
    blockers_query: ClassVar[str] = """
        SELECT DISTINCT blocking.trx_mysql_thread_id
        FROM information_schema.innodb_lock_waits AS wait
        JOIN information_schema.innodb_trx AS waiting
            ON waiting.trx_requested_lock_id = wait.requested_lock_id
        JOIN information_schema.innodb_trx AS blocking ON blocking.trx_id = wait.blocking_trx_id
        WHERE waiting.trx_mysql_thread_id = %s AND blocking.trx_lock_structs > 0
        ORDER BY 1
    """


def _kill(cursor: Any, session: int) -> bool:
    import pymysql

    try:
        cursor.execute(f"KILL {int(session)}")
    # Not pymysql.err: Django's backend imports that anew as MySQLdb.err, with classes of its own.
    except pymysql.MySQLError as error:
        # A session may end by itself before its turn comes.
        if error.args[0] != _NO_SUCH_SESSION:
            raise
        return False
    return True


def _exists(cursor: Any, address: Address) -> bool:
    # Asked beforehand, as IF EXISTS and IF NOT EXISTS warn, and drivers may raise warnings.
    cursor.execute(
        "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", (address.database,)
    )
    return cursor.fetchone() is not None


def _port_of(host: str) -> int | None:
    """Return the port of a client such as ``localhost:50312``."""
    port = host.rpartition(":")[2]
    return int(port) if port.isdigit() else None


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
