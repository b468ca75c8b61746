"""What is done to the database during a timeline, each thing at its time, from a thread."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.databases import Database
    from loadtests.plans import Event

SNAPSHOT: Final = {
    # A deferred transaction of SQLite takes its snapshot with its first read, and so do the others
    # at this level. Nobody needs a row: the shop's table is in every contender's database.
    "sqlite": ("BEGIN",),
    "postgresql": ("BEGIN ISOLATION LEVEL REPEATABLE READ",),
    "mysql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "BEGIN"),
    "mariadb": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "BEGIN"),
}
READ: Final = "SELECT COUNT(*) FROM shop_mail"


class EventError(Exception):
    """An event did not happen as planned: one sentence."""


@contextlib.contextmanager
def happening(events: Sequence[Event], database: Database) -> Iterator[Events]:
    """Give the events of a timeline; none of them outlasts the block."""
    planned = Events(events, database)
    try:
        yield planned
    finally:
        planned.end()


class Events:
    """The events of one timeline; they wait for ``begin``."""

    def __init__(self, events: Sequence[Event], database: Database) -> None:
        self._events = events
        self._database = database
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._failures: list[EventError] = []

    def begin(self, begun_ns: int) -> None:
        """Let each event happen at its time from ``begun_ns``, of CLOCK_MONOTONIC."""
        for event in self._events:
            thread = threading.Thread(target=self._hold, args=(event, begun_ns), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """End all of them."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def check(self) -> None:
        """Raise EventError if one failed; ask when they have ended."""
        if self._failures:
            raise self._failures[0]

    def _hold(self, event: Event, begun_ns: int) -> None:
        starts_at = begun_ns / 1e9 + event.at_seconds
        if self._is_over.wait(max(0.0, starts_at - time.monotonic())):
            return
        try:
            self._hold_snapshot(event.seconds)
        except Exception as error:  # noqa: BLE001 - each driver has its own
            reason = str(error).strip().partition("\n")[0]
            self._failures.append(
                EventError(
                    f"the event {event.kind} at {event.at_seconds:g} seconds failed, so the load "
                    f"went on without it: {reason}"
                )
            )

    def _hold_snapshot(self, seconds: float) -> None:
        with contextlib.closing(self._database.connect()) as connection:
            cursor = connection.cursor()
            for statement in (*SNAPSHOT[self._database.name], READ):
                cursor.execute(statement)
            cursor.fetchall()
            self._is_over.wait(seconds)
            cursor.execute("ROLLBACK")
