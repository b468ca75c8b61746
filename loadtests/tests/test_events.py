"""Events of a timeline happen at their time, end with it, and are missed by somebody if not."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine.databases import open_database
from engine.tests.waiting import wait_until
from loadtests.events import EventError, happening
from loadtests.plans import Event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.databases import Database

LONG = Event(kind="idle_in_transaction", at_seconds=0.0, seconds=600.0)
LATER = Event(kind="idle_in_transaction", at_seconds=600.0, seconds=1.0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database with the shop's table."""
    with open_database("sqlite", tmp_path) as database:
        with contextlib.closing(database.connect()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE shop_mail (id INTEGER)")
        yield database


def write_and_checkpoint(database: Database) -> bool:
    """Tell whether the log can be emptied: a snapshot that somebody holds keeps it."""
    with contextlib.closing(database.connect()) as connection:
        connection.execute("INSERT INTO shop_mail VALUES (1)")
        connection.execute("PRAGMA busy_timeout=0")
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy


def test_a_snapshot_is_held_while_the_event_lasts_and_not_after_it(database: Database) -> None:
    """Writers go on meanwhile; the log cannot be emptied."""
    assert write_and_checkpoint(database)
    with happening([LONG], database) as events:
        events.begin(time.monotonic_ns())
        wait_until(lambda: not write_and_checkpoint(database))

    assert write_and_checkpoint(database)
    events.check()


def test_an_event_waits_for_the_load(database: Database) -> None:
    """Before it begins nothing happens, and no thread waits."""
    before = threading.active_count()
    with happening([LONG], database) as events:
        assert threading.active_count() == before
        assert write_and_checkpoint(database)
    events.check()


def test_an_event_that_is_not_due_yet_ends_with_the_block(database: Database) -> None:
    """A load that ends early takes its events along; ten minutes are not waited for."""
    before = threading.active_count()
    with happening([LATER, LONG], database) as events:
        events.begin(time.monotonic_ns())

    assert threading.active_count() == before


def test_an_error_in_the_block_ends_the_events_too(database: Database) -> None:
    """Ctrl-C leaves no transaction open."""
    with contextlib.suppress(KeyboardInterrupt), happening([LONG], database) as events:
        events.begin(time.monotonic_ns())
        wait_until(lambda: not write_and_checkpoint(database))
        raise KeyboardInterrupt

    assert write_and_checkpoint(database)


def test_an_event_that_failed_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeline without its event must not pass for one with it."""

    def refuse() -> Any:
        raise sqlite3.OperationalError("the database is gone\nand more")

    monkeypatch.setattr(database, "connect", refuse)
    with happening([LONG], database) as events:
        events.begin(time.monotonic_ns())

    with pytest.raises(EventError, match=r"went on without it: the database is gone$"):
        events.check()


def test_no_event_is_no_thread(database: Database) -> None:
    """Most timelines have none."""
    before = threading.active_count()
    with happening([], database) as events:
        events.begin(time.monotonic_ns())
        assert threading.active_count() == before
    events.check()
