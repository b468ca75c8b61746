"""Everything that SQLite, PostgreSQL, MySQL and MariaDB do differently, and nothing else.

``connection.vendor`` is read here only. A dialect offers fragments of SQL; who uses them writes
the rest of the statement once, for all databases.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import random
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from django.db import (
    DatabaseError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    connections,
    models,
    transaction,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.backends.utils import CursorWrapper

T = TypeVar("T")

SCHEDULED: Final = "background_task_scheduledtask"

STATEMENT_BYTES: Final = 2 << 20
"""Texts that one statement writes at once; MariaDB refuses statements of 16 MiB by default."""

CONNECTION_ERRORS: Final = (OperationalError, InterfaceError, InternalError)
"""What a database raises when it is away, busy, or gives up on a transaction."""

_WRITE_RETRIES: Final = 8
_NO_INDEX: Final = "SELECT 1"


class Dialect:
    """What the databases have in common, in PostgreSQL's words."""

    now = "statement_timestamp()"
    after = "statement_timestamp() + make_interval(secs => %s)"
    until = "extract(epoch from {column} - statement_timestamp())::float8"
    epoch = "extract(epoch from statement_timestamp())::float8"
    claim_index = ""
    leaves_dead_entries = True
    wakes_by = "notify"
    # The key of the row is not changed, so foreign keys to it need not wait.
    lock = "FOR NO KEY UPDATE"
    lock_free_rows = "FOR NO KEY UPDATE SKIP LOCKED"
    # A row that another session is writing blocks the insert until that session ends, so the
    # answer "duplicate" is about a committed row.
    insert_or_ignore = "ON CONFLICT (live_hash) DO NOTHING RETURNING id"
    # A table made of one parameter: a JSON array of objects that have an id.
    ends = "json_to_recordset(%s::json) AS ended(id bigint, seconds float8, result text)"
    given = "unnest(%s::text[], %s::text[]) AS given(params, hash)"
    transient_codes: frozenset[object] = frozenset({"40001", "40P01", "55P03"})

    def begin_writing(self, cursor: CursorWrapper) -> None:
        """Prepare a transaction that reads first and writes then."""

    def insert_unless_live(
        self, cursor: CursorWrapper, sql: str, values: Sequence[Any]
    ) -> int | None:
        """Insert a live task; return its id, or None if its hash is live already."""
        cursor.execute(f"{sql} {self.insert_or_ignore}", values)
        row = cursor.fetchone()
        return row[0] if row else None

    def insert_many_unless_live(
        self,
        cursor: CursorWrapper,
        columns: Mapping[str, str],
        values: Sequence[Any],
        rows: Sequence[tuple[str, str]],
        *,
        is_unique: bool,
    ) -> list[tuple[int, str]]:
        """Insert tasks that differ in parameters and hash; return the new rows' ids and hashes."""
        cursor.execute(
            f"INSERT INTO {SCHEDULED} (task_params, task_hash, live_hash, {', '.join(columns)})"
            f" SELECT params, hash, {'hash' if is_unique else 'NULL'},"
            f" {', '.join(columns.values())} FROM {self.given} WHERE TRUE"
            " ON CONFLICT (live_hash) DO NOTHING RETURNING id, task_hash",
            (*values, *self.give(rows)),
        )
        return list(cursor.fetchall())

    def among(self, values: Sequence[Any]) -> tuple[str, list[Any]]:
        """Return a condition on a column, to be one of ``values``, and its parameters.

        Where it can be, it is one parameter: what grows with the values is not parsed as SQL.
        """
        return "= ANY(%s)", [list(values)]

    def give(self, rows: Sequence[tuple[str, str]]) -> Sequence[Any]:
        """Return the parameters of ``given`` for these parameters and hashes."""
        return [list(column) for column in zip(*rows, strict=True)]

    def is_transient(self, error: Error) -> bool:
        """Tell whether the same transaction may succeed when it is run once more."""
        return getattr(error.__cause__, "sqlstate", None) in self.transient_codes


class SQLiteDialect(Dialect):
    """SQLite: one writer at a time, so no row needs a lock."""

    now = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"
    after = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', printf('%%+.3f seconds', %s))"
    # Its numbers are days, of which a double holds less than a millisecond.
    until = "round((julianday({column}) - julianday('now')) * 86400.0, 3)"
    epoch = "(julianday('now') - 2440587.5) * 86400.0"
    ends = (
        "(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.seconds') AS seconds,"
        " json_extract(value, '$.result') AS result FROM json_each(%s)) AS ended"
    )
    given = (
        "(SELECT json_extract(value, '$[0]') AS params, json_extract(value, '$[1]') AS hash"
        " FROM json_each(%s))"
    )
    leaves_dead_entries = False
    wakes_by = "data_version"
    lock = ""
    lock_free_rows = ""

    def begin_writing(self, cursor: CursorWrapper) -> None:
        """Take the write lock now.

        A transaction that reads before it takes the lock fails at once, whatever the timeout,
        when another one wrote in between (SQLITE_BUSY_SNAPSHOT). A write that changes nothing
        takes it first, whether the project's transaction_mode is IMMEDIATE or not.
        """
        cursor.execute(f"UPDATE {SCHEDULED} SET token = token WHERE id < 0")

    def among(self, values: Sequence[Any]) -> tuple[str, list[Any]]:
        """Return a condition on a column, to be one of ``values``, and its parameter."""
        return "IN (SELECT value FROM json_each(%s))", [json.dumps(values)]

    def give(self, rows: Sequence[tuple[str, str]]) -> Sequence[Any]:
        """Return the parameter of ``given``: a JSON array of pairs."""
        return [json.dumps(rows)]

    def is_transient(self, error: Error) -> bool:
        """Tell whether another writer was in the way."""
        return "locked" in str(error) or "busy" in str(error)


class MySQLFamilyDialect(Dialect):
    """MySQL and MariaDB.

    Times are those of Django's columns, UTC without a zone, whatever the server's zone is.
    """

    now = "UTC_TIMESTAMP(6)"
    after = "UTC_TIMESTAMP(6) + INTERVAL ROUND(%s * 1000000) MICROSECOND"
    until = "TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), {column}) / 1e6"
    epoch = "UNIX_TIMESTAMP(SYSDATE(6))"
    # Without the hint a short table is scanned and sorted, and then every row that it reads is
    # locked, not just the ones that it returns.
    claim_index = "FORCE INDEX (background_task_claim)"
    wakes_by = "polling"
    ends = (
        "JSON_TABLE(%s, '$[*]' COLUMNS (id BIGINT PATH '$.id', seconds DOUBLE PATH '$.seconds',"
        " result LONGTEXT PATH '$.result')) AS ended"
    )
    lock = "FOR UPDATE"
    lock_free_rows = "FOR UPDATE SKIP LOCKED"
    duplicate_key = 1062
    transient_codes = frozenset({1205, 1213, 1020})

    def insert_unless_live(
        self, cursor: CursorWrapper, sql: str, values: Sequence[Any]
    ) -> int | None:
        """Insert a live task; return its id, or None if its hash is live already.

        A refused insert undoes its own statement only: the caller's transaction goes on.
        """
        try:
            cursor.execute(sql, values)
        except IntegrityError as error:
            if error.args[0] != self.duplicate_key:
                raise
            return None
        return int(cursor.lastrowid)

    def among(self, values: Sequence[Any]) -> tuple[str, list[Any]]:
        """Return a condition on a column, to be one of ``values``, and its parameters."""
        return f"IN ({marks(values)})", list(values)

    def insert_many_unless_live(
        self,
        cursor: CursorWrapper,
        columns: Mapping[str, str],
        values: Sequence[Any],
        rows: Sequence[tuple[str, str]],
        *,
        is_unique: bool,
    ) -> list[tuple[int, str]]:
        """Insert tasks that differ in parameters and hash; return the new rows' ids and hashes.

        For a list of VALUES InnoDB reserves a block of ids, so all in that block are our own.
        """
        row = f"(%s, %s, %s, {', '.join(columns.values())})"
        cursor.execute(
            f"INSERT IGNORE INTO {SCHEDULED}"
            f" (task_params, task_hash, live_hash, {', '.join(columns)})"
            f" VALUES {', '.join([row] * len(rows))}",
            [
                value
                for params, hash_ in rows
                for value in (params, hash_, hash_ if is_unique else None, *values)
            ],
        )
        if not cursor.rowcount:
            return []
        first = int(cursor.lastrowid)
        cursor.execute(
            f"SELECT id, task_hash FROM {SCHEDULED} WHERE id >= %s AND id < %s",
            (first, first + len(rows)),
        )
        return list(cursor.fetchall())

    def is_transient(self, error: Error) -> bool:
        """Tell whether the transaction was a deadlock's victim or waited too long."""
        return bool(error.args) and error.args[0] in self.transient_codes


_DIALECTS: Final[dict[str, type[Dialect]]] = {
    "postgresql": Dialect,
    "sqlite": SQLiteDialect,
    "mysql": MySQLFamilyDialect,
}


class QueueDatabase:
    """The connection that the queue's tables live behind, and how to speak to it."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.dialect = _DIALECTS[self.connection.vendor]()

    @property
    def connection(self) -> BaseDatabaseWrapper:
        """The calling thread's connection."""
        return connections[self.alias]

    def execute(self, sql: str, values: Sequence[Any] = ()) -> CursorWrapper:
        """Run one statement and return its cursor."""
        cursor = self.connection.cursor()
        cursor.execute(sql, values)
        return cursor

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in one transaction that may read before it writes."""
        with transaction.atomic(using=self.alias):
            with self.connection.cursor() as cursor:
                self.dialect.begin_writing(cursor)
            yield

    def insert_unless_live(self, sql: str, values: Sequence[Any]) -> int | None:
        """Insert a live task; return its id, or None if its hash is live already."""
        with self.connection.cursor() as cursor:
            return self.dialect.insert_unless_live(cursor, sql, values)

    def insert_many_unless_live(
        self,
        columns: Mapping[str, str],
        values: Sequence[Any],
        rows: Sequence[tuple[str, str]],
        *,
        is_unique: bool,
    ) -> list[tuple[int, str]]:
        """Insert tasks that differ in parameters and hash; return the new rows' ids and hashes."""
        with self.connection.cursor() as cursor:
            return self.dialect.insert_many_unless_live(
                cursor, columns, values, rows, is_unique=is_unique
            )

    def retry_transient(self, operation: Callable[[], T]) -> T:
        """Run ``operation`` again while others are in its way, a bounded number of times.

        Inside the caller's transaction it runs once: only the caller can run that again.
        """
        retries = 0 if self.connection.in_atomic_block else _WRITE_RETRIES
        for retry in range(retries):
            try:
                return operation()
            except DatabaseError as error:
                if not self.dialect.is_transient(error):
                    raise
                time.sleep(random.uniform(0.0, 0.01) * 2**retry)  # noqa: S311 - not a secret
        return operation()

    def adapt_datetime(self, value: Any) -> object:
        """Return a datetime as the column's SQL parameter."""
        return self.connection.ops.adapt_datetimefield_value(value)

    def now(self) -> datetime.datetime:
        """Return the time of the database's clock."""
        (epoch,) = self.execute(f"SELECT {self.dialect.epoch}").fetchone()
        return datetime.datetime.fromtimestamp(float(epoch), datetime.UTC)

    def time_of(self, when: datetime.datetime | float) -> datetime.datetime:
        """Return a point in time; seconds count from ``now``."""
        if isinstance(when, datetime.datetime):
            return when
        return self.now() + datetime.timedelta(seconds=when)

    def forget_connection(self) -> None:
        """Drop the connection, so that the next statement, or a forked child, opens its own."""
        self.connection.close()
        # Only PostgreSQL's wrapper has a pool; its threads would not survive a fork.
        close_pool = getattr(self.connection, "close_pool", None)
        if close_pool is not None:
            close_pool()


def marks(values: Collection[object]) -> str:
    """Return a parameter's mark for each value, for the list behind an IN."""
    return ", ".join(["%s"] * len(values))


class _VendorIndex(models.Index):
    """An index that exists either on MySQL and MariaDB or on the other databases.

    Where it does not exist, its statements are ones without effect.
    """

    exists_on_mysql: ClassVar[bool]

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **kwargs: Any,
    ) -> Any:
        """Return the statement that creates it."""
        if not self._exists(schema_editor):
            return _NO_INDEX
        return self._plain().create_sql(model, schema_editor, using, **kwargs)

    def remove_sql(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, **kwargs: Any
    ) -> Any:
        """Return the statement that removes it."""
        if not self._exists(schema_editor):
            return _NO_INDEX
        return super().remove_sql(model, schema_editor, **kwargs)

    def _plain(self) -> models.Index:
        return models.Index(fields=self.fields, name=self.name)

    def _exists(self, schema_editor: BaseDatabaseSchemaEditor) -> bool:
        return (schema_editor.connection.vendor == "mysql") == self.exists_on_mysql


class MySQLFamilyIndex(_VendorIndex):
    """An index that exists on MySQL and MariaDB only."""

    exists_on_mysql = True


class PartialIndex(_VendorIndex):
    """An index over the rows of ``where``, on the databases that have partial indexes.

    Django's own ``condition`` makes the system checks complain to every user of MySQL.
    """

    exists_on_mysql = False

    def __init__(self, *, where: models.Q, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.where = where

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        """Return what a migration writes."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "where": self.where}

    def _plain(self) -> models.Index:
        return models.Index(fields=self.fields, name=self.name, condition=self.where)
