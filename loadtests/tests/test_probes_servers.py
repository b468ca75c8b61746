"""The probes of real servers: those of KILLPROOF_DATABASES, PostgreSQL unless it is set.

What is planted (a lock, a known workload, the death of the server) must be seen.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine.databases import Database, open_database
from loadtests.probes import Probes, probe_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from loadtests.probes import DatabaseProbe
    from reports.load_steps import Resources

DEADLINE_SECONDS = 60.0
TRANSACTIONS = 200


def asked_for() -> list[str]:
    """Read which servers to test."""
    names = os.environ.get("KILLPROOF_DATABASES") or "postgresql"
    return [name.strip() for name in names.split(",") if name.strip() != "sqlite"]


@pytest.fixture(scope="module", params=asked_for())
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Give a running server, which the tests of the module share."""
    with open_database(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def database(server: Database) -> Database:
    """Give the server with an empty table."""
    server.reset()
    with contextlib.closing(server.connect()) as connection:
        execute(connection, "CREATE TABLE orders (id INT PRIMARY KEY, amount INT)")
        execute(connection, "INSERT INTO orders VALUES (0, 0)")
    return server


def execute(connection: Any, statement: str) -> None:
    """Run a statement, without preparing it: PostgreSQL loses count of prepared COMMITs."""
    options = {"prepare": False} if hasattr(connection, "prepare_threshold") else {}
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute(statement, **options)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something to be seen."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it was not seen in time"
        time.sleep(0.02)


def waits_of(probe: DatabaseProbe, begin_ns: int) -> list[str]:
    """Tell which waits were seen so far."""
    return list(probe.resources(begin_ns, time.monotonic_ns()).waits)


@contextlib.contextmanager
def probing(database: Database, folder: Path) -> Iterator[DatabaseProbe]:
    """Sample while the block runs."""
    probe = probe_for(database, folder)
    probe.start()
    try:
        yield probe
    finally:
        probe.stop()


@contextlib.contextmanager
def waiting_writer(database: Database) -> Iterator[None]:
    """Have another session write to the row while the block runs; it is through afterwards."""
    with contextlib.closing(database.connect()) as connection:
        statement = "UPDATE orders SET amount = 2 WHERE id = 0"
        thread = threading.Thread(target=execute, args=(connection, statement))
        thread.start()
        yield
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()


def test_a_planted_row_lock_is_seen(database: Database, tmp_path: Path) -> None:
    """The waiting session shows as one that waits for a lock, and the holder as an old one."""
    begin = time.monotonic_ns()
    with probing(database, tmp_path) as probe, contextlib.closing(database.connect()) as holder:
        execute(holder, "BEGIN")
        execute(holder, "UPDATE orders SET amount = 1 WHERE id = 0")
        with waiting_writer(database):
            until(lambda: any(wait.startswith("Lock:") for wait in waits_of(probe, begin)))
            execute(holder, "COMMIT")

    seen = probe.resources(begin, time.monotonic_ns())

    event = {"postgresql": "Lock:transactionid"}.get(database.name, "Lock:row")
    assert seen.waits[event] >= 1
    assert seen.counters["blocked_sessions_max"] == 1
    assert seen.counters.get("row_lock_waits", 1.0) >= 1


def test_a_planted_table_lock_is_seen(database: Database, tmp_path: Path) -> None:
    """It shows by the name that the server has for waits on whole tables."""
    lock, unlock, event = {
        "postgresql": ("BEGIN; LOCK TABLE orders", "COMMIT", "Lock:relation"),
    }.get(
        database.name,
        ("LOCK TABLES orders WRITE", "UNLOCK TABLES", "Lock:table metadata lock"),
    )
    begin = time.monotonic_ns()
    with probing(database, tmp_path) as probe, contextlib.closing(database.connect()) as holder:
        execute(holder, lock)
        with waiting_writer(database):
            until(lambda: event in waits_of(probe, begin))
            execute(holder, unlock)

    assert probe.resources(begin, time.monotonic_ns()).waits[event] >= 1


def work(database: Database) -> None:
    """Commit transactions of an insert and a read."""
    with contextlib.closing(database.connect()) as connection:
        for number in range(1, TRANSACTIONS + 1):
            execute(connection, "BEGIN")
            execute(connection, f"INSERT INTO orders VALUES ({number}, 1)")  # noqa: S608 - numbers
            execute(connection, f"SELECT amount FROM orders WHERE id = {number}")  # noqa: S608
            execute(connection, "COMMIT")


def test_a_known_workload_is_counted(database: Database, tmp_path: Path) -> None:
    """Two statements, four round trips, a commit and at least one flush each."""
    begin = time.monotonic_ns()
    with Probes(database, (), dict, tmp_path) as probes:
        work(database)
    seen = probes.resources(begin, time.monotonic_ns())
    counters = seen.counters

    # InnoDB's own transactions, on a table that is new, are among them.
    assert TRANSACTIONS <= counters["commits"] + 1 <= 1.2 * TRANSACTIONS
    assert counters["statements"] == pytest.approx(2 * TRANSACTIONS, rel=0.05)
    assert counters["round_trips"] == pytest.approx(4 * TRANSACTIONS, rel=0.05)
    assert counters["fsyncs"] >= 0.9 * TRANSACTIONS
    assert counters["wal_bytes"] >= 50 * TRANSACTIONS
    assert counters["connections_limit"] >= 100
    assert counters["deadlocks"] == 0


def test_the_statements_of_a_workload_are_listed(database: Database, tmp_path: Path) -> None:
    """Ours with their calls, and none of the probe's."""
    begin = time.monotonic_ns()
    with probing(database, tmp_path) as probe:
        work(database)
    statements = probe.resources(begin, time.monotonic_ns()).statements

    (insert,) = [each for each in statements if each.text.startswith("INSERT")]
    assert insert.calls == TRANSACTIONS
    assert insert.total_ms > 0
    assert insert.rows == TRANSACTIONS
    assert len(statements) <= 12
    assert not [each for each in statements if "pg_stat" in each.text or "_schema" in each.text]


def test_the_servers_cpu_time_is_the_databases(database: Database, tmp_path: Path) -> None:
    """The work of sessions that have ended counts as well."""
    begin = time.monotonic_ns()
    with Probes(database, (), dict, tmp_path) as probes:
        for _ in range(3):
            work(database)
            database.reset()
            with contextlib.closing(database.connect()) as connection:
                execute(connection, "CREATE TABLE orders (id INT PRIMARY KEY, amount INT)")
    used: Resources = probes.resources(begin, time.monotonic_ns())

    assert used.cores == os.cpu_count()
    assert used.cpu_seconds["harness"] > 0
    if database.pids():
        assert used.cpu_seconds["database"] > 0


def test_the_death_of_the_server_ends_no_step(database: Database, tmp_path: Path) -> None:
    """Nothing is sampled while it is down; when it is back, sampling goes on."""
    with probing(database, tmp_path) as probe:
        database.kill()
        died = time.monotonic_ns()
        database.restart()
        until(lambda: probe.resources(died, time.monotonic_ns()).wait_samples > 0)

    assert database.can_kill


def test_a_server_that_never_comes_back_ends_no_step(database: Database, tmp_path: Path) -> None:
    """The probe stops without it, and tells what it saw before."""
    begin = time.monotonic_ns()
    with probing(database, tmp_path) as probe:
        until(lambda: probe.resources(begin, time.monotonic_ns()).wait_samples > 0)
        database.kill()
    seen = probe.resources(begin, time.monotonic_ns())
    database.restart()

    assert seen.wait_samples > 0


def test_a_paused_server_does_not_keep_the_probe_from_stopping(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that waits for an answer is cut short."""
    monkeypatch.setattr("loadtests.probes.sampler._END_SECONDS", 0.3)
    probe = probe_for(database, tmp_path)
    probe.start()
    database.pause()
    try:
        probe.stop()
    finally:
        database.resume()

    assert [each.name for each in threading.enumerate() if each.name.startswith("probe-")] == []


def test_the_processes_of_a_server_are_told(database: Database) -> None:
    """They live, and those of a killed server are nobody's."""
    before = database.pids()
    database.kill()
    during = database.pids()
    database.restart()

    # A container engine may run in a machine of its own, whose processes are not seen here.
    assert before or database.provider == "container"
    assert during == ()
    assert not set(before) & set(database.pids())
