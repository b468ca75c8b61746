"""What every database does, whoever made it: one suite, unchanged, on all of them.

The tests share a server and leave it running; each begins with an empty database.
"""

from __future__ import annotations

import contextlib
import json
import time
import types
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from engine.databases import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.databases import Database

DEADLINE_SECONDS = 60.0
FULL_DURABILITY = {
    "sqlite": {"journal_mode": "wal", "synchronous": "FULL"},
    "postgresql": {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"},
    "mysql": {"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1"},
    "mariadb": {"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1"},
}


@pytest.fixture(autouse=True)
def connection(database: Database) -> Iterator[Any]:
    """Give a connection to an empty database with one table and one row."""
    database.reset()
    opened = database.connect()
    execute(opened, "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER)")
    execute(opened, "INSERT INTO orders VALUES (1, 10)")
    yield opened
    close(opened)


def execute(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    cursor = connection.cursor()
    cursor.execute(statement)
    return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def close(connection: Any) -> None:
    """Close a connection, which the test may have had killed."""
    with contextlib.suppress(Exception):
        connection.close()


def amounts(database: Database) -> list[tuple[Any, ...]]:
    """Read the table on a new connection."""
    with contextlib.closing(database.connect()) as connection:
        return execute(connection, "SELECT id, amount FROM orders ORDER BY id")


def is_answered(connection: Any) -> bool:
    """Tell whether a connection is good for a question."""
    try:
        return bool(execute(connection, "SELECT 1"))
    except Exception:  # noqa: BLE001 - each driver has its own
        return False


def has_tables(database: Database) -> bool:
    """Tell whether the table is there."""
    try:
        amounts(database)
    except Exception as error:  # noqa: BLE001 - each driver has its own
        assert "orders" in str(error)  # noqa: PT017 - anything else is a failure of its own
        return False
    return True


def test_a_connection_commits_each_statement(database: Database) -> None:
    """What one connection wrote, the next one reads."""
    assert amounts(database) == [(1, 10)]


def test_the_server_says_its_version(database: Database) -> None:
    """A version begins with a number."""
    assert database.version()[0].isdigit()


def test_full_durability_is_the_default(database: Database) -> None:
    """The running server says that a commit is on the disk before it is acknowledged."""
    said = database.durability()

    assert FULL_DURABILITY[database.name].items() <= said.items()


def test_the_url_opens_the_same_database(database: Database, tmp_path: Path) -> None:
    """A second harness that is given the URL sees the same rows."""
    other = open_database(database.name, tmp_path, url=database.url)

    assert amounts(other) == [(1, 10)]


def test_the_settings_for_django_are_json(database: Database) -> None:
    """Settings reach the workers through a file or the environment."""
    settings = database.django_settings()

    assert json.loads(json.dumps(settings)) == settings
    assert settings["ENGINE"].startswith("django.db.backends.")


def test_killed_and_restarted_it_has_every_committed_row(database: Database) -> None:
    """SIGKILL leaves no process, and the restarted server has what it acknowledged."""
    url = database.url

    killed = database.kill()
    survivors = [pid for pid in killed if psutil.pid_exists(pid)]
    database.restart()

    assert bool(killed) is database.can_kill
    assert survivors == []
    assert amounts(database) == [(1, 10)]
    assert database.url == url


def test_a_second_kill_finds_nothing_to_kill(database: Database) -> None:
    """Killing a dead server is no error."""
    database.kill()
    again = database.kill()
    database.restart()

    assert again == ()


def test_paused_it_does_not_answer_until_it_is_resumed(database: Database, connection: Any) -> None:
    """A statement sent during a pause waits, and is answered afterwards."""
    if not database.can_kill:
        database.pause()
        database.resume()
        assert amounts(database) == [(1, 10)]
        return
    with ThreadPoolExecutor(1) as thread:
        database.pause()
        try:
            answer = thread.submit(execute, connection, "SELECT amount FROM orders")
            with pytest.raises(FutureTimeoutError):
                answer.result(timeout=0.3)
        finally:
            database.resume()
        assert answer.result(timeout=DEADLINE_SECONDS) == [(10,)]


def test_a_paused_server_can_be_killed(database: Database) -> None:
    """A kill lands on stopped processes too."""
    database.pause()
    database.kill()
    database.restart()

    assert amounts(database) == [(1, 10)]


def test_reset_leaves_an_empty_database(database: Database) -> None:
    """Tables are gone, and new ones can be made."""
    database.reset()

    assert not has_tables(database)


def test_reset_does_not_wait_for_open_transactions(database: Database, connection: Any) -> None:
    """Sessions that a killed run left behind do not stand in the way of the next one."""
    execute(connection, "BEGIN")
    execute(connection, "UPDATE orders SET amount = 11")

    database.reset()

    assert not has_tables(database)


def test_the_blocker_of_a_waiting_session_is_named(database: Database, connection: Any) -> None:
    """While one session waits for another's row lock, the server says for whose."""
    if database.name == "sqlite":
        assert database.blockers(database.session(connection)) == ()
        return
    execute(connection, "BEGIN")
    execute(connection, "UPDATE orders SET amount = 11 WHERE id = 1")
    with contextlib.closing(database.connect()) as second, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(execute, second, "UPDATE orders SET amount = 12 WHERE id = 1")
        named = blockers_within_deadline(database, database.session(second))
        execute(connection, "COMMIT")
        waiting.result(timeout=DEADLINE_SECONDS)

    assert named == (database.session(connection),)
    assert amounts(database) == [(1, 12)]


def blockers_within_deadline(database: Database, session: int) -> tuple[int, ...]:
    """Ask until the session is seen to wait."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if found := database.blockers(session):
            return found
    return ()


@contextlib.contextmanager
def waiting(database: Database, connection: Any, statement: str) -> Iterator[int]:
    """Have a second session wait for the connection's transaction, which is undone in the end."""
    with contextlib.closing(database.connect()) as second, ThreadPoolExecutor(1) as thread:
        # Before there is a wait, as a server may show again what it showed the last time.
        assert database.blockers(database.session(second)) == ()
        answer = thread.submit(execute, second, statement)
        try:
            yield database.session(second)
        finally:
            execute(connection, "ROLLBACK")
            answer.result(timeout=DEADLINE_SECONDS)


def sharing(database: Database, number: int) -> str:
    """Write the statement that locks a row against writers only."""
    words = "FOR SHARE" if database.name == "postgresql" else "LOCK IN SHARE MODE"
    return f"SELECT amount FROM orders WHERE id = {number} {words}"  # noqa: S608 - our own words


def test_the_blocker_of_an_insert_is_who_inserted_the_key(
    database: Database, connection: Any
) -> None:
    """InnoDB's lock of a new row is written down by who waits for it, and is not that one's."""
    if database.name == "sqlite":
        return
    execute(connection, "BEGIN")
    execute(connection, "INSERT INTO orders VALUES (2, 20)")
    with waiting(database, connection, "INSERT INTO orders VALUES (2, 21)") as second:
        named = blockers_within_deadline(database, second)

    assert named == (database.session(connection),)
    assert amounts(database) == [(1, 10), (2, 21)]


def test_a_session_that_only_reads_is_nobodys_blocker(database: Database, connection: Any) -> None:
    """An open transaction without locks is not taken for one that shares a lock."""
    if database.name == "sqlite":
        return
    execute(connection, "BEGIN")
    execute(connection, sharing(database, 1))
    with contextlib.closing(database.connect()) as reader:
        execute(reader, "BEGIN")
        execute(reader, "SELECT amount FROM orders")
        with waiting(database, connection, "UPDATE orders SET amount = 12") as second:
            named = blockers_within_deadline(database, second)

    assert named == (database.session(connection),)


def test_a_session_that_does_not_wait_has_no_blockers(database: Database, connection: Any) -> None:
    """Neither has one that shares a lock while another waits to share one, nor one that waited."""
    if database.name == "sqlite":
        return
    execute(connection, "INSERT INTO orders VALUES (2, 20)")
    execute(connection, "BEGIN")
    execute(connection, "UPDATE orders SET amount = 11 WHERE id = 1")
    with contextlib.closing(database.connect()) as holder:
        execute(holder, "BEGIN")
        execute(holder, sharing(database, 2))
        with waiting(database, connection, sharing(database, 1)) as second:
            named = blockers_within_deadline(database, second)
            of_the_holder = database.blockers(database.session(holder))
        afterwards = database.blockers(second)

    assert named == (database.session(connection),)
    assert (of_the_holder, afterwards) == ((), ())


def test_shut_down_and_restarted_it_has_every_committed_row(database: Database) -> None:
    """A restart for maintenance waits for nobody's session and keeps the data."""
    ended = database.shut_down()
    survivors = [pid for pid in ended if psutil.pid_exists(pid)]
    database.restart()

    assert bool(ended) is database.can_kill
    assert survivors == []
    assert amounts(database) == [(1, 10)]


def test_a_server_that_is_down_cannot_be_shut_down_again(database: Database) -> None:
    """Shutting down twice is no error."""
    database.shut_down()
    again = database.shut_down()
    database.restart()

    assert again == ()


def test_an_ended_session_is_gone_and_its_transaction_undone(
    database: Database, connection: Any
) -> None:
    """Who was connected gets an error, and nothing of an open transaction stays."""
    if database.name == "sqlite":
        assert database.end_session(database.session(connection)) is False
        return
    number = database.session(connection)
    execute(connection, "BEGIN")
    execute(connection, "UPDATE orders SET amount = 11")

    was_there = database.end_session(number)

    assert was_there
    assert not is_answered(connection)
    assert number not in [session.number for session in database.sessions()]
    assert amounts(database) == [(1, 10)]


def test_a_session_that_is_gone_cannot_be_ended(database: Database) -> None:
    """Ending it tells so and is no error."""
    with contextlib.closing(database.connect()) as other:
        number = database.session(other)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while number in [session.number for session in database.sessions()]:
        assert time.monotonic() < deadline

    assert database.end_session(number) is False


def test_a_session_that_is_gone_cannot_be_ended_beside_djangos_backend(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django's backend for MySQL puts a second ``pymysql.err`` in the first one's place."""
    pymysql = pytest.importorskip("pymysql")
    monkeypatch.setattr(pymysql, "err", types.SimpleNamespace(MySQLError=ArithmeticError))

    test_a_session_that_is_gone_cannot_be_ended(database)
