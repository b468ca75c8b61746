"""Faults that announce themselves and do nothing: they have not landed, or were not healed."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import time
import types
from typing import TYPE_CHECKING, Any, cast

import psutil
import pytest

from chaos.arena import Arena
from chaos.bodies import Bodies
from chaos.conductor import Conductor
from chaos.faults import FAULTS, NotLanded, patience, sigstop
from chaos.history import History
from chaos.plan import Plan, Strike
from engine.databases import open_database
from engine.project.recorder import Recorder
from engine.subjects import BackgroundTask
from reports.schema import read_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaos.windows import Window
    from reports.schema import Op

WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
while True:
    connection.execute("BEGIN IMMEDIATE")
    print("holds it", flush=True)
    time.sleep(float(sys.argv[2]))
    connection.execute("COMMIT")
    time.sleep(0.01)
"""
STRIKE = Strike(fault="sigstop", for_seconds=3600.0, options={"target": "everything"})


class _Stage:
    """A run on SQLite, with one process that writes and holds the lock for a while each time."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, holds: float = 0.0) -> None:
        self.folder = folder
        self.database = stack.enter_context(open_database("sqlite", folder))
        with contextlib.closing(self.database.connect()) as connection:
            address = connection.execute("PRAGMA database_list").fetchone()[2]
        (folder / "orders").mkdir()
        (folder / "history").mkdir()
        self.process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", WRITER, address, str(holds)], stdout=subprocess.PIPE
            )
        )
        stack.callback(self.process.kill)
        assert self.process.stdout is not None
        self.process.stdout.readline()
        self.recorder = Recorder(folder / "history", "harness")
        stack.callback(self.recorder.close)
        pids = types.SimpleNamespace(pids=lambda: [self.process.pid], tend=lambda: None)
        self.arena = Arena(
            plan=Plan(scenario="any", seed=7, workers=0, processes=0, calls=(), strikes=(STRIKE,)),
            cluster=cast("Any", pids),
            bodies=Bodies(folder / "history"),
            database=self.database,
            subject=BackgroundTask(),
            history=self.recorder,
            rng=random.Random(7),  # noqa: S311
            proxies={},
            orders=folder / "orders",
        )

    def window(self) -> Window:
        """Return the one fault of the run, as checkers see it."""
        (window,) = History(read_history(self.folder)).windows
        return window

    def said_last(self, f: str) -> Op:
        """Return the last op with that word."""
        return [op for op in read_history(self.folder) if op.f == f][-1]

    def is_stopped(self) -> bool:
        """Tell whether the process is frozen now."""
        return bool(psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED)


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    """Leave nothing behind."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make faults that do not land do so quickly."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.1)


def test_a_freeze_that_held_has_landed_and_is_healed(
    tmp_path: Path, stack: contextlib.ExitStack
) -> None:
    """From the strike to the heal the process is frozen, and then it runs."""
    stage = _Stage(tmp_path, stack)
    conductor = Conductor(stage.arena)
    conductor.step()
    assert stage.is_stopped()
    conductor.heal()

    assert not stage.is_stopped()
    assert stage.window().landed is not None
    assert stage.said_last("heal").type == "ok"


def test_a_freeze_that_did_not_hold_has_not_landed(
    tmp_path: Path, stack: contextlib.ExitStack
) -> None:
    """Somebody let the process go on at once; it had been seen stopped for a moment."""
    stage = _Stage(tmp_path, stack)
    conductor = Conductor(stage.arena)
    conductor.step()
    stage.process.send_signal(signal.SIGCONT)
    conductor.heal()

    window = stage.window()
    assert window.landed is None
    assert window.pids == {stage.process.pid}
    assert "ran again before" in str(stage.said_last("sigstop").error)


def test_a_heal_that_lets_nobody_go_on_is_not_a_heal(
    tmp_path: Path, stack: contextlib.ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is at work until the end then, and the reason is told."""
    send = sigstop._signal
    monkeypatch.setattr(sigstop, "STOP_SECONDS", 0.2)
    stage = _Stage(tmp_path, stack)
    conductor = Conductor(stage.arena)
    conductor.step()
    monkeypatch.setattr(
        sigstop, "_signal", lambda pid, number: number == signal.SIGSTOP and send(pid, number)
    )
    conductor.heal()

    said = stage.said_last("heal")
    assert (said.type, conductor.is_over) == ("info", True)
    assert "still stopped" in str(said.error)
    assert stage.window().closed == float("inf")


def test_a_victim_that_died_meanwhile_is_no_reason_to_doubt(
    tmp_path: Path, stack: contextlib.ExitStack
) -> None:
    """Another fault may have killed it."""
    stage = _Stage(tmp_path, stack)
    conductor = Conductor(stage.arena)
    conductor.step()
    stage.process.kill()
    stage.process.wait()
    conductor.heal()

    assert stage.window().landed is not None
    assert stage.said_last("heal").type == "ok"


def test_nobody_is_frozen_with_the_write_lock_of_sqlite(
    tmp_path: Path, stack: contextlib.ExitStack
) -> None:
    """However often it strikes a process that mostly holds it, others can write meanwhile."""
    stage = _Stage(tmp_path, stack, holds=0.01)
    other = stack.enter_context(contextlib.closing(stage.database.connect()))
    other.execute("PRAGMA busy_timeout = 0")
    for _ in range(10):
        with sigstop.inflict(stage.arena, {"target": "everything"}):
            assert stage.is_stopped()
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")


def test_who_never_lets_the_lock_go_cannot_be_frozen(
    tmp_path: Path, stack: contextlib.ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault has not landed then, and the process runs on."""
    monkeypatch.setattr(sigstop, "TRIES", 3)
    stage = _Stage(tmp_path, stack, holds=3600.0)

    with (
        pytest.raises(NotLanded, match="nobody could write"),
        sigstop.inflict(stage.arena, {"target": "everything"}),
    ):
        pass
    assert not stage.is_stopped()


DEAF = ("deaf_heartbeat", {"seconds": 2.0})
ERROR = ("statement-error", {"statement": "claim", "at": "before", "error": "deadlock"})


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "options", "obeyed_after"),
    [(*DEAF, None), (*DEAF, 0.1), (*ERROR, None)],
    ids=["no stall", "too short a stall", "no error"],
)
def test_an_order_that_was_only_announced_has_not_landed(
    tmp_path: Path,
    stack: contextlib.ExitStack,
    fault: str,
    options: dict[str, Any],
    obeyed_after: float | None,
) -> None:
    """Who took it must have done it, for as long as it says."""
    stage = _Stage(tmp_path, stack)
    with FAULTS[fault].inflict(stage.arena, {"name": "fault-1", **options}) as proof:
        _tell(stage, stack, obeyed_after)
    assert proof() is None


@pytest.mark.parametrize(
    ("fault", "options", "obeyed_after"),
    [(*DEAF, 2.0), (*ERROR, 0.0)],
    ids=["stall", "error"],
)
def test_an_order_that_was_obeyed_has_landed(
    tmp_path: Path,
    stack: contextlib.ExitStack,
    fault: str,
    options: dict[str, Any],
    obeyed_after: float,
) -> None:
    """With the process that did it as the evidence."""
    stage = _Stage(tmp_path, stack)
    with FAULTS[fault].inflict(stage.arena, {"name": "fault-1", **options}) as proof:
        _tell(stage, stack, obeyed_after)
        evidence = proof()
    assert evidence is not None
    assert evidence["pids"] == [812]


def _tell(stage: _Stage, stack: contextlib.ExitStack, obeyed_after: float | None) -> None:
    """Say what a process says that takes an order, and, unless it is None, obeys it."""
    gate = Recorder(stage.folder / "history", "gate")
    stack.callback(gate.close)
    (stage.folder / "orders" / "fault-1.taken.1").touch()
    value = {"pid": 812, "order": "fault-1", "statement": "UPDATE"}
    now = time.monotonic_ns()
    gate.write("ok", "order", value=value, time=now)
    if obeyed_after is not None:
        gate.write("ok", "obeyed", value=value, time=now + round(obeyed_after * 1e9))
