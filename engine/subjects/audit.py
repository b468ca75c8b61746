"""Watches a subject's tables from inside the database: triggers that log every change of a row.

The log is written in the transaction that made the change, by the database and not by the subject's
code, so it is what took effect and not what the subject believes. The order of two changes of one
row is the order of ``sequence``.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AUDIT_TABLE: Final = "killproof_audit"

Event = Literal["INSERT", "UPDATE", "DELETE"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AuditedTable:
    """A table to watch.

    Attributes:
        columns: columns logged as they are.
        times: columns logged as seconds since 1970.
    """

    name: str
    columns: tuple[str, ...]
    times: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One logged change.

    Attributes:
        database_time: when, in seconds since 1970 by the database's clock.
        before: the row as it was, or None for an insert.
        after: the row as it became, or None for a delete.
    """

    sequence: int
    database_time: float
    table: str
    event: Event
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class _PostgreSQL:
    create_table = (
        f"CREATE TABLE {AUDIT_TABLE} (sequence bigserial PRIMARY KEY, at double precision,"
        " source text, event text, before_row text, after_row text)"
    )
    now = "extract(epoch from clock_timestamp())"
    epoch = "extract(epoch from {column})"
    build_object = "json_build_object"

    def trigger(self, name: str, table: str, event: Event, insert: str) -> list[str]:
        return [
            (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN {insert}; RETURN NULL; END $$"
            ),
            (
                f"CREATE TRIGGER {name} AFTER {event} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()"
            ),
        ]


class _SQLite:
    create_table = (
        f"CREATE TABLE {AUDIT_TABLE} (sequence integer PRIMARY KEY AUTOINCREMENT, at real,"
        " source text, event text, before_row text, after_row text)"
    )
    now = "(julianday('now') - 2440587.5) * 86400.0"
    epoch = "(julianday({column}) - 2440587.5) * 86400.0"
    build_object = "json_object"

    def trigger(self, name: str, table: str, event: Event, insert: str) -> list[str]:
        return [f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {insert}; END"]


class _MySQLFamily:
    create_table = (
        f"CREATE TABLE {AUDIT_TABLE} (sequence bigint AUTO_INCREMENT PRIMARY KEY, at double,"
        " source varchar(64), event varchar(6), before_row longtext, after_row longtext)"
    )
    # SYSDATE, not NOW: inside a trigger NOW is the time at which the statement began.
    now = "UNIX_TIMESTAMP(SYSDATE(6))"
    epoch = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {column}) / 1e6"
    build_object = "JSON_OBJECT"

    def trigger(self, name: str, table: str, event: Event, insert: str) -> list[str]:
        return [f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {insert}"]


_Dialect = _PostgreSQL | _SQLite | _MySQLFamily

_DIALECTS: Final[dict[str, _Dialect]] = {
    "postgresql": _PostgreSQL(),
    "sqlite": _SQLite(),
    "mysql": _MySQLFamily(),
    "mariadb": _MySQLFamily(),
}
_SIDES: Final[dict[Event, tuple[bool, bool]]] = {
    "INSERT": (False, True),
    "UPDATE": (True, True),
    "DELETE": (True, False),
}


def install(connection: Any, database: str, tables: tuple[AuditedTable, ...]) -> None:
    """Create the log and the triggers, through an autocommitting DB-API connection."""
    dialect = _DIALECTS[database]
    cursor = connection.cursor()
    cursor.execute(dialect.create_table)
    for table in tables:
        for event, (has_before, has_after) in _SIDES.items():
            before = _row(dialect, table, "OLD") if has_before else "NULL"
            after = _row(dialect, table, "NEW") if has_after else "NULL"
            insert = (
                f"INSERT INTO {AUDIT_TABLE} (at, source, event, before_row, after_row)"
                f" VALUES ({dialect.now}, '{table.name}', '{event}', {before}, {after})"
            )
            name = f"killproof_{event.lower()}_{table.name}"
            for statement in dialect.trigger(name, table.name, event, insert):
                cursor.execute(statement)
    cursor.close()


def read(connection: Any) -> Iterator[Change]:
    """Yield the logged changes in order."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT sequence, at, source, event, before_row, after_row"
        f" FROM {AUDIT_TABLE} ORDER BY sequence"
    )
    for sequence, at, source, event, before, after in cursor.fetchall():
        yield Change(
            sequence=sequence,
            database_time=float(at),
            table=source,
            event=event,
            before=json.loads(before) if before else None,
            after=json.loads(after) if after else None,
        )
    cursor.close()


def count_sql(table: str, event: str) -> str:
    """Return the SQL for how many changes of one kind the log has."""
    return f"(SELECT COUNT(*) FROM {AUDIT_TABLE} WHERE source = '{table}' AND event = '{event}')"


def database_time(connection: Any, database: str) -> float:
    """Return the database's clock, in seconds since 1970."""
    cursor = connection.cursor()
    cursor.execute(f"SELECT {_DIALECTS[database].now}")
    (seconds,) = cursor.fetchone()
    cursor.close()
    return float(seconds)


def epoch(database: str, column: str) -> str:
    """Return the SQL for a time column as seconds since 1970."""
    return _DIALECTS[database].epoch.format(column=column)


def _row(dialect: _Dialect, table: AuditedTable, side: str) -> str:
    plain = [f"'{column}', {side}.{column}" for column in table.columns]
    times = [
        f"'{column}', {dialect.epoch.format(column=f'{side}.{column}')}" for column in table.times
    ]
    return f"{dialect.build_object}({', '.join(plain + times)})"
