"""Faults of servers, struck at real ones: each lands, is seen to, and is healed in any case."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import psutil
import pytest

from chaos.arena import Arena
from chaos.bodies import Bodies
from chaos.conductor import Conductor
from chaos.faults import FAULTS, NotLanded, locks
from chaos.plan import Plan, Strike
from engine.databases import open_database
from engine.project.recorder import Recorder
from engine.subjects import BackgroundTask, subject_named
from engine.subjects.audit import AuditedTable
from reports.schema import Op

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from chaos.faults.fault import Proof
    from engine.databases import Database


PLAN = Plan(scenario="none", seed=1, workers=0, processes=0, calls=(), strikes=())
DEADLINE_SECONDS = 30.0
SERVER_FAULTS = ("database-restart", "database-sigkill", "database-pause")


class Shop(BackgroundTask):
    """A subject whose queue is a table of two rows."""

    tables: ClassVar = (AuditedTable(name="orders", columns=("id",), times=()),)

    def live_state_sql(self, database: str) -> str:
        """Count them."""
        del database
        return "SELECT COUNT(*) FROM orders"


def servers() -> list[str]:
    """Read which servers to test."""
    asked = (os.environ.get("KILLPROOF_DATABASES") or "postgresql").split(",")
    return [name.strip() for name in asked if name.strip() != "sqlite"] or ["postgresql"]


@pytest.fixture(scope="module", params=servers())
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Give a server, which the tests of this module share."""
    with open_database(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def arena(server: Database, tmp_path: Path) -> Iterator[Arena]:
    """Give a run without processes on a database with two orders."""
    server.reset()
    with arena_of(server, tmp_path) as made:
        yield made


@contextlib.contextmanager
def arena_of(database: Database, folder: Path) -> Iterator[Arena]:
    """Give a run without processes."""
    for name in ("history", "orders"):
        (folder / name).mkdir()
    with contextlib.closing(database.connect()) as connection:
        execute(connection, "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER)")
        execute(connection, "INSERT INTO orders VALUES (1, 10), (2, 20)")
    with contextlib.closing(Recorder(folder / "history", "harness")) as history:
        yield Arena(
            plan=PLAN,
            cluster=cast("Any", SimpleNamespace(tend=lambda: None)),
            bodies=Bodies(folder / "history"),
            database=database,
            subject=Shop(),
            history=history,
            rng=random.Random(1),  # noqa: S311 - nothing secret
            proxies={},
            orders=folder / "orders",
        )


def struck(arena: Arena, fault: str, **options: Any) -> contextlib.AbstractContextManager[Proof]:
    """Inflict a fault."""
    told = {"name": "fault-1", **options}
    return FAULTS[fault].inflict(arena, told)


def execute(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def orders(database: Database) -> list[tuple[Any, ...]]:
    """Read the queue on a new connection."""
    with contextlib.closing(database.connect()) as connection:
        return execute(connection, "SELECT id, amount FROM orders ORDER BY id")


def landed(proof: Proof) -> Mapping[str, Any]:
    """Wait until the fault is seen to land, and return the evidence."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if evidence := proof():
            return evidence
        time.sleep(0.01)
    raise AssertionError("it was never seen to land")


def answers_soon(database: Database) -> bool:
    """Tell whether a question on a new connection is answered within a moment."""
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(orders, database)
        try:
            return bool(answer.result(timeout=0.5))
        except FutureTimeoutError:
            database.resume()
            answer.exception(timeout=DEADLINE_SECONDS)
        except Exception:  # noqa: BLE001 - each driver has its own
            return False
    return False


@pytest.mark.parametrize("fault", SERVER_FAULTS)
def test_a_server_that_was_taken_away_comes_back_with_its_data(arena: Arena, fault: str) -> None:
    """While it lasts nobody is answered; afterwards everything that was committed is there."""
    with struck(arena, fault) as proof:
        evidence = landed(proof)
        is_answered = answers_soon(arena.database)

    assert evidence["server_pids"]
    assert not is_answered
    assert orders(arena.database) == [(1, 10), (2, 20)]


@pytest.mark.parametrize("fault", SERVER_FAULTS)
def test_a_run_that_is_interrupted_leaves_a_server_that_answers(arena: Arena, fault: str) -> None:
    """Ctrl-C in the middle of the fault heals it."""
    with pytest.raises(KeyboardInterrupt), struck(arena, fault):
        raise KeyboardInterrupt

    assert orders(arena.database) == [(1, 10), (2, 20)]


@pytest.mark.parametrize("fault", ["database-restart", "database-sigkill"])
def test_a_server_that_ends_has_no_process_left(arena: Arena, fault: str) -> None:
    """The evidence is about processes, and they are gone."""
    with struck(arena, fault) as proof:
        alive = [pid for pid in landed(proof)["server_pids"] if psutil.pid_exists(pid)]

    assert alive == []


def test_a_fault_that_finds_the_server_down_has_not_landed(arena: Arena) -> None:
    """It shows nothing, and leaves the server to the fault that took it away."""
    with struck(arena, "database-sigkill"), struck(arena, "database-sigkill") as second:
        assert second() is None

    assert orders(arena.database) == [(1, 10), (2, 20)]


def test_row_locks_are_held_until_they_are_healed(arena: Arena) -> None:
    """Who skips locked rows finds none, and all of them afterwards."""
    free = "SELECT id FROM orders ORDER BY id FOR UPDATE SKIP LOCKED"
    with struck(arena, "row-locks") as proof:
        evidence = landed(proof)
        with contextlib.closing(arena.database.connect()) as other:
            meanwhile = execute(other, free)
        states = [
            one.state for one in arena.database.sessions() if one.number == evidence["session"]
        ]

    assert evidence["rows"] == [1, 2]
    assert meanwhile == []
    assert states in (["idle in transaction"], ["Sleep"])
    assert within_deadline(arena.database, free, [(1,), (2,)])


def within_deadline(database: Database, query: str, wanted: list[tuple[Any, ...]]) -> bool:
    """Ask until the answer is the wanted one: a server may notice late that a client is gone."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.closing(database.connect()) as connection:
            if execute(connection, query) == wanted:
                return True
    return False


def test_an_empty_queue_has_no_row_to_lock(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing landed, and the reason is said."""
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.05)
    with contextlib.closing(arena.database.connect()) as connection:
        execute(connection, "DELETE FROM orders")

    with pytest.raises(NotLanded, match="no row to lock"), struck(arena, "row-locks"):
        pass


def test_waiting_for_a_row_to_lock_keeps_nobody_from_writing_one(arena: Arena) -> None:
    """The first row that is committed while the fault waits is the one that it locks."""
    with contextlib.closing(arena.database.connect()) as connection:
        execute(connection, "DELETE FROM orders")
        with ThreadPoolExecutor(1) as thread:
            proof = thread.submit(_locked_rows, arena)
            execute(connection, "INSERT INTO orders VALUES (3, 30)")
            assert proof.result(timeout=DEADLINE_SECONDS) == [3]


def _locked_rows(arena: Arena) -> Any:
    with struck(arena, "row-locks") as proof:
        return landed(proof)["rows"]


def test_a_table_lock_keeps_everybody_out(arena: Arena) -> None:
    """Even a reader waits, and is answered when it is healed."""
    with ThreadPoolExecutor(1) as thread:
        with struck(arena, "table-lock") as proof:
            landed(proof)
            answer = thread.submit(orders, arena.database)
            with pytest.raises(FutureTimeoutError):
                answer.result(timeout=0.3)
        assert answer.result(timeout=DEADLINE_SECONDS) == [(1, 10), (2, 20)]


def test_whoever_asks_waits_until_a_table_lock_is_healed(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The harness would wait for itself, for ever."""
    monkeypatch.setattr("chaos.faults.patience.PATIENCE_SECONDS", 0.05)
    strikes = (
        Strike(fault="table-lock", for_seconds=0.3),
        Strike(fault="long-snapshot"),
        Strike(fault="row-locks"),
    )
    plan = dataclasses.replace(PLAN, strikes=strikes)
    conductor = Conductor(dataclasses.replace(arena, plan=plan))
    conductor.step()
    assert not conductor.is_over
    assert words(arena) == [("invoke", "table-lock"), ("ok", "table-lock")]
    deadline = time.monotonic() + DEADLINE_SECONDS
    while ("invoke", "row-locks") not in words(arena) and time.monotonic() < deadline:
        conductor.step()
    conductor.heal()
    said = words(arena)
    assert said.index(("ok", "heal")) < said.index(("invoke", "long-snapshot"))
    assert ("ok", "row-locks") in said


def words(arena: Arena) -> list[tuple[str, str]]:
    """Return the types and words of what the harness has told."""
    path = next((arena.orders.parent / "history").glob("harness-*"))
    return [(op.type, op.f) for op in map(Op.from_json, path.read_text().splitlines())]


def test_a_long_snapshot_has_landed_when_it_misses_a_change(arena: Arena) -> None:
    """Before anything changed it shows nothing."""
    with struck(arena, "long-snapshot") as proof:
        assert proof() is None
        with contextlib.closing(arena.database.connect()) as connection:
            execute(connection, "DELETE FROM orders WHERE id = 1")
        evidence = landed(proof)

    assert evidence == {"sees": [2], "is": [1]}


def test_an_exhausted_server_takes_nobody_until_it_is_healed(arena: Arena) -> None:
    """Whoever is connected is answered all the same."""
    with contextlib.closing(arena.database.connect()) as before:
        with struck(arena, "pool-exhausted") as proof:
            evidence = landed(proof)
            assert execute(before, "SELECT 1") == [(1,)]
            with pytest.raises(Exception, match=r"(?i)too many"):
                arena.database.connect()
        assert "too many" in evidence["refused"].lower()
        assert within_deadline(arena.database, "SELECT COUNT(*) FROM orders", [(2,)])


def test_the_session_that_told_of_its_statement_is_ended(arena: Arena) -> None:
    """It and no other: whoever else is connected goes on."""
    with (
        contextlib.closing(arena.database.connect()) as worker,
        contextlib.closing(arena.database.connect()) as other,
        struck(arena, "session-ended", statement="claim") as proof,
    ):
        assert proof() is None
        tell(arena, worker)
        evidence = landed(proof)

        assert evidence["pids"] == [4711]
        with pytest.raises(Exception, match=r".+"):
            execute(worker, "SELECT 1")
        assert execute(other, "SELECT 1") == [(1,)]


def test_a_session_that_is_to_be_idle_is_ended_after_its_transaction(arena: Arena) -> None:
    """As long as it works, or sits in a transaction, it is left alone."""
    if arena.database.name != "postgresql":
        return  # the others do not tell an open transaction from an idle session
    with (
        contextlib.closing(arena.database.connect()) as worker,
        struck(arena, "session-ended", statement="claim", idle=True) as proof,
    ):
        execute(worker, "BEGIN")
        tell(arena, worker)
        assert proof() is None
        execute(worker, "COMMIT")

        assert landed(proof)["session"] == arena.database.session(worker)


def tell(arena: Arena, worker: Any) -> None:
    """Say what a process says that carries the fault's order out."""
    (arena.orders / "fault-1.taken.1").touch()
    value = {
        "pid": 4711,
        "session": arena.database.session(worker),
        "order": "fault-1",
        "statement": "UPDATE orders SET token = token + 1",
    }
    with contextlib.closing(Recorder(arena.orders.with_name("history"), "gate")) as gate:
        gate.write("ok", "order", value=value)


def test_an_error_that_nobody_gets_has_not_landed(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that never comes is no fault, so the run must not count it as one."""
    monkeypatch.setattr("chaos.faults.patience.PATIENCE_SECONDS", 0.05)
    options = {"statement": "reap", "at": "before", "error": "deadlock"}
    with struck(arena, "statement-error", **options) as proof:
        assert (arena.orders / "fault-1.json").exists()

    assert proof() is None
    assert list(arena.orders.iterdir()) == []


def test_a_writer_on_sqlite_keeps_all_other_writers_waiting(tmp_path: Path) -> None:
    """And nobody when it is healed."""
    with open_database("sqlite", tmp_path) as database, arena_of(database, tmp_path) as arena:
        with struck(arena, "sqlite-writer") as proof:
            evidence = landed(proof)
        with contextlib.closing(database.connect()) as connection:
            execute(connection, "UPDATE orders SET amount = 11 WHERE id = 1")

        assert "locked" in evidence["refused"]
        assert orders(database) == [(1, 11), (2, 20)]


def test_faults_say_where_they_cannot_strike(server: Database, tmp_path: Path) -> None:
    """A file has no server, a server of somebody else is not ours, and words may be unknown."""
    file = open_database("sqlite", tmp_path)
    theirs = open_database(server.name, tmp_path, url=server.url)
    ours, control = BackgroundTask(), subject_named("django_background_tasks")

    def able(database: Database, subject: Any = ours) -> set[str]:
        family = [fault for fault in FAULTS.values() if fault.family == "database"]
        return {fault.name for fault in family if not fault.unavailable(database, subject)}

    everywhere = {"statement-error", "long-snapshot"}
    held = {"session-ended", "row-locks", "table-lock"}
    assert able(file) == {*everywhere, "sqlite-writer"}
    assert able(theirs) == everywhere | held
    assert able(server) == everywhere | held | {*SERVER_FAULTS, "pool-exhausted"}
    if not control.statements:
        assert not able(server, control) & {"statement-error", "session-ended"}
