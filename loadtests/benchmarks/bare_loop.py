"""``python -m loadtests.benchmarks.bare_loop``: replay an exchange until nothing is left.

One process with one connection of psycopg and no Django. Its argument names a file with the
exchange and where to connect to; it says when it is ready, begins at a line of standard input, and
then tells when it committed the end of how many tasks, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from engine.project.lifeline import die_with_parent
from loadtests.benchmarks.exchange import Batch

if TYPE_CHECKING:
    from loadtests.benchmarks.exchange import Exchange, Statement


def main() -> None:
    """Connect, wait for the sign, drain, tell."""
    die_with_parent()
    url, exchange = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - the harness's own
    # Values are put into the statement by the client, as Django does.
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        ends = _drain(connection, exchange)
    sys.stdout.write(json.dumps(ends) + "\n")


def _drain(connection: psycopg.Connection[Any], exchange: Exchange) -> list[tuple[int, int]]:
    loop, ends = _Loop(exchange.batch), []
    while True:
        held = loop.held
        for statements in exchange.transactions:
            with connection.transaction(), connection.cursor() as cursor:
                loop.say(cursor, statements)
        if held:
            ends.append((time.monotonic_ns(), len(held)))
        loop.held, loop.new = loop.new, []
        if not loop.held:
            return ends


class _Loop:
    """The tasks that are held, and those that were claimed since."""

    def __init__(self, size: int) -> None:
        self.held: list[int] = []
        self.new: list[int] = []
        self._size = size
        self._before: tuple[Any, ...] = ()

    def say(self, cursor: psycopg.Cursor[Any], statements: tuple[Statement, ...]) -> None:
        """Run the statements of a transaction, but for those that are about no task."""
        before = self._before
        for statement in statements:
            ids = self.held if statement.whose == "held" else self.new
            if statement.whose and not ids:
                continue
            cursor.execute(*statement.filled(Batch(ids=ids, size=self._size, before=before)))
            rows = cursor.fetchall() if cursor.description else []
            if statement.id_column is not None and rows:
                self.new += [row[statement.id_column] for row in rows]
                self._before = rows[0]


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
