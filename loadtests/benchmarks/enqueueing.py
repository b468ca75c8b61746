"""``python -m loadtests.benchmarks.enqueueing``: enqueue one at a time, and insert bare rows.

It runs in the reference engine's project. Standard input is an ``Enqueueing`` as JSON; standard
output tells the rate of each turn, in order, as JSON. The bare insert is the one that the engine
sends, taken down from its own connection, without what it adds to find duplicates, and sent
through the cursor of the driver. Both write through one connection, and commit each row.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import re
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from engine.project.lifeline import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

DECORATED: Final = "decorated task"
BARE: Final = "bare insert"
_MARK: Final = 7_000_000_000_000
"""The key of the call that is taken down: it occurs nowhere else in the row."""

_HASH: Final = re.compile(r"[0-9a-f]{40}")
_FIRST_KEY: Final = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Enqueueing:
    """What to do: in each turn so many rows, by the one or the other."""

    turns: list[str]
    rows: int


@dataclasses.dataclass(frozen=True, slots=True)
class Insert:
    """A statement that writes one row, and the values that it was seen with."""

    sql: str
    values: tuple[Any, ...]

    def bare(self) -> str:
        """Return it without what follows its values."""
        return re.split(r" (?:ON CONFLICT|ON DUPLICATE KEY|RETURNING) ", self.sql, maxsplit=1)[0]

    def values_of(self, key: int) -> tuple[Any, ...]:
        """Return the values of another call: with its arguments, and a hash of its own."""
        return tuple(self._value_of(value, key) for value in self.values)

    @staticmethod
    def _value_of(value: Any, key: int) -> Any:
        if not isinstance(value, str):
            return value
        if _HASH.fullmatch(value):
            return hashlib.sha1(str(key).encode(), usedforsecurity=False).hexdigest()
        return value.replace(str(_MARK), str(key))


def main() -> None:
    """Take turns."""
    die_with_parent()
    enqueueing = Enqueueing(**json.load(sys.stdin))
    from engine.contenders.producers import background_task as producer

    producer.connect()
    insert = taken_down()
    keys = itertools.count(_FIRST_KEY)
    rates = [
        _rate(insert, turn, list(itertools.islice(keys, enqueueing.rows)))
        for turn in enqueueing.turns
    ]
    sys.stdout.write(json.dumps(rates))


def taken_down() -> Insert:
    """Enqueue one task and return the statement that wrote it."""
    from django.db import connection

    seen: list[Insert] = []

    def take_down(
        execute: Callable[..., Any], sql: str, values: Any, many: bool, context: Any
    ) -> Any:
        if sql.lstrip().upper().startswith("INSERT") and "scheduledtask" in sql:
            seen.append(Insert(sql, tuple(values)))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(take_down):
        _enqueue(_MARK)
    if len(seen) != 1:
        sys.exit(f"one enqueue sent {len(seen)} inserts into the queue, and not one")
    return seen[0]


def _enqueue(key: int) -> None:
    from engine.contenders.apps.background.tasks import work

    work(key, 0, 0.0, True, False, "")


def _rate(insert: Insert, turn: str, keys: list[int]) -> float:
    if turn == DECORATED:
        begun = time.perf_counter()
        for key in keys:
            _enqueue(key)
        return len(keys) / (time.perf_counter() - begun)
    from django.db import connection

    # The hashes of decorated calls are others, so none of these keys is refused.
    rows = [insert.values_of(key) for key in keys]
    with _cursor(connection) as (cursor, sql):
        statement = sql(insert)
        begun = time.perf_counter()
        for row in rows:
            cursor.execute(statement, row)
        return len(keys) / (time.perf_counter() - begun)


@contextlib.contextmanager
def _cursor(connection: BaseDatabaseWrapper) -> Iterator[tuple[Any, Callable[[Insert], str]]]:
    """Give a cursor of the driver, and how it wants its statements."""
    connection.ensure_connection()
    with contextlib.closing(connection.connection.cursor()) as cursor:
        yield cursor, _for_sqlite if connection.vendor == "sqlite" else Insert.bare


def _for_sqlite(insert: Insert) -> str:
    return insert.bare() % tuple("?" * len(insert.values))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
