"""row-locks, table-lock, long-snapshot: another client sits in a transaction for too long.

``row-locks`` is idle in transaction and has locked the first ``rows`` rows of the queue that nobody
else has locked; ``table-lock`` has the whole table for itself, as a migration does; and
``long-snapshot`` only reads, but goes on seeing the queue as it was when it began.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from chaos.faults.fault import ORANGE, SKY, YELLOW, Fault, NotLanded, Proof, seen
from chaos.faults.patience import landing
from chaos.faults.side_connections import ask, side_connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject

ROWS: Final = 20
WAIT_SECONDS: Final = 5
LOOK_SECONDS: Final = 0.01

_POSTGRESQL: Final = {
    "patience": f"SET lock_timeout = '{WAIT_SECONDS}s'",
    "lock": "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
    "snapshot": "BEGIN ISOLATION LEVEL REPEATABLE READ",
}
_MYSQL: Final = {
    "patience": f"SET SESSION lock_wait_timeout = {WAIT_SECONDS}",
    "lock": "LOCK TABLES {table} WRITE",
    "snapshot": "START TRANSACTION WITH CONSISTENT SNAPSHOT",
}
_SQLITE: Final = {"snapshot": "BEGIN"}
_WORDS: Final = {
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": _SQLITE,
}


@contextlib.contextmanager
def lock_rows(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Lock rows as soon as there are any, and do nothing more."""
    with _impatient(arena) as connection:
        limit = int(options.get("rows", ROWS))
        locked = f"ORDER BY id LIMIT {limit} FOR UPDATE SKIP LOCKED"
        sql = f"SELECT id FROM {_table(arena)} {locked}"  # noqa: S608 - the subject's own table
        deadline = time.monotonic() + WAIT_SECONDS
        while not (rows := _begin(connection, sql)):
            if time.monotonic() > deadline:
                raise NotLanded(f"there was no row to lock within {WAIT_SECONDS} s")
            # InnoDB locks the place where a row would be: it would never come.
            ask(connection, "ROLLBACK")
            time.sleep(LOOK_SECONDS)
        session = arena.database.session(connection)
        yield seen(session=session, rows=[row[0] for row in rows])


def _begin(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    ask(connection, "BEGIN")
    return ask(connection, sql)


@contextlib.contextmanager
def lock_table(arena: Arena, _options: Mapping[str, Any]) -> Iterator[Proof]:
    """Wait for the lock of the whole table, with everybody else behind us; then sit on it."""
    words = _WORDS[arena.database.name]
    with _impatient(arena) as connection:
        ask(connection, "BEGIN")
        ask(connection, words["lock"].format(table=_table(arena)))
        yield seen(session=arena.database.session(connection), table=_table(arena))


@contextlib.contextmanager
def hold_snapshot(arena: Arena, _options: Mapping[str, Any]) -> Iterator[Proof]:
    """Begin to read; it has landed when the queue has changed and we do not see it."""
    with _impatient(arena) as connection, _impatient(arena) as other:
        ask(connection, _WORDS[arena.database.name]["snapshot"])
        sql = arena.subject.live_state_sql(arena.database.name)
        before = ask(connection, sql)

        def look() -> Mapping[str, Any] | None:
            with contextlib.suppress(NotLanded):
                now = ask(other, sql)
                if now != before == ask(connection, sql):
                    return {"sees": list(map(int, before[0])), "is": list(map(int, now[0]))}
            return None

        with landing(arena, look) as proof:
            yield proof


@contextlib.contextmanager
def _impatient(arena: Arena) -> Iterator[Any]:
    """Give a connection that waits for no lock for ever: the fault that has it may be ours."""
    with side_connection(arena) as connection:
        if patience := _WORDS[arena.database.name].get("patience"):
            ask(connection, patience)
        yield connection


def _table(arena: Arena) -> str:
    """Return the table of the live tasks: the first one that the subject has watched."""
    return arena.subject.tables[0].name


def _no_file(database: Database, _subject: Subject) -> str:
    if database.name == "sqlite":
        return "SQLite locks neither rows nor tables, but the whole file: see sqlite-writer"
    return ""


ROW_LOCKS = Fault(
    name="row-locks",
    family="database",
    summary="a client is idle in transaction and keeps rows of the queue locked",
    disturbs="database",
    colour=ORANGE,
    inflict=lock_rows,
    unavailable=_no_file,
    server="asked",
)
TABLE_LOCK = Fault(
    name="table-lock",
    family="database",
    summary="a client has the queue's table for itself, as during a migration",
    disturbs="database",
    colour=YELLOW,
    inflict=lock_table,
    unavailable=_no_file,
    server="halted",
)
LONG_SNAPSHOT = Fault(
    name="long-snapshot",
    family="database",
    summary="a client reads in one transaction for long, so nothing can be cleaned up behind it",
    disturbs="nothing",
    colour=SKY,
    inflict=hold_snapshot,
    server="asked",
)
