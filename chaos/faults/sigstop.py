"""sigstop: processes of workers are frozen, for longer than a lease if one wants zombies.

``target`` is ``task``, the process that runs the triggering task; ``supervisor``, the one that
renews its lease, while the task goes on; ``worker``, both and all others of that worker; or
``everything``. Whoever is stopped within a transaction keeps its locks, and others wait for them;
with SQLite that would be everybody, so nobody stays stopped there while it holds the write lock.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

import psutil

from chaos.faults.fault import PURPLE, Fault, NotHealed, NotLanded, Proof, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena

STOPPED: Final = psutil.STATUS_STOPPED
STOP_SECONDS: Final = 5.0
TRIES: Final = 50
GO_ON_SECONDS: Final = 0.003
PROBE_MILLISECONDS: Final = 100
"""Others write too, each for a moment only."""


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Stop, and see all victims stopped; they go on when it is healed."""
    pids = _victims(arena, options["target"], options.get("trigger_pid"))
    try:
        victims = _stop_without_lock(arena, pids)
        if not victims:
            raise NotLanded(f"there was no process to stop for the target {options['target']}")
        yield seen(pids=[victim.pid for victim in victims])
        awake = [victim.pid for victim in victims if _state(victim) not in (STOPPED, None)]
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)
    frozen = [victim.pid for victim in victims if not _comes_to(victim, is_stopped=False)]
    if frozen:
        raise NotHealed(f"processes {frozen} are still stopped after SIGCONT")
    if awake:
        raise NotLanded(f"processes {awake} ran again before they were told to go on")


def _stop_without_lock(arena: Arena, pids: list[int]) -> list[psutil.Process]:
    """Stop them all, at a moment at which none of them keeps everybody from writing."""
    if arena.database.name != "sqlite":
        return _stop(pids)
    with contextlib.closing(arena.database.connect()) as probe:
        probe.execute(f"PRAGMA busy_timeout = {PROBE_MILLISECONDS}")
        for _ in range(TRIES):
            victims = _stop(pids)
            if _can_write(probe):
                return victims
            for pid in pids:
                _signal(pid, signal.SIGCONT)
            time.sleep(GO_ON_SECONDS)
    raise NotLanded(f"nobody could write to the SQLite file when they were stopped, {TRIES} times")


def _can_write(probe: Any) -> bool:
    try:
        probe.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    probe.execute("ROLLBACK")
    return True


def _stop(pids: list[int]) -> list[psutil.Process]:
    """Stop those that are there, and see them stopped."""
    victims = []
    # The parent first: it must not see its children stop one by one.
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            victims.append(psutil.Process(pid))
            _signal(pid, signal.SIGSTOP)
    return [victim for victim in victims if _comes_to(victim, is_stopped=True) and _state(victim)]


def _victims(arena: Arena, target: str, trigger_pid: int | None) -> list[int]:
    match target:
        case "everything":
            return arena.cluster.pids()
        case "worker":
            return arena.cluster.worker_of(trigger_pid) if trigger_pid else []
        case "supervisor":
            return arena.cluster.worker_of(trigger_pid)[:1] if trigger_pid else []
        case "task":
            return [trigger_pid] if trigger_pid and arena.cluster.owns(trigger_pid) else []
    raise NotLanded(f"no target is called {target!r}")


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _state(victim: psutil.Process) -> str | None:
    """Return the kernel's word for what it does; None if it is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if victim.is_running() and (state := victim.status()) != psutil.STATUS_ZOMBIE:
            return str(state)
    return None


def _comes_to(victim: psutil.Process, *, is_stopped: bool) -> bool:
    """Wait until it is stopped, or is not; who is gone does not keep anybody waiting."""
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        state = _state(victim)
        if state is None or (state == STOPPED) == is_stopped:
            return True
        time.sleep(0.002)
    return False


SIGSTOP = Fault(
    name="sigstop",
    family="worker",
    summary="SIGSTOP of a task's process, of its supervisor, of its worker or of all workers",
    disturbs="processes",
    colour=PURPLE,
    inflict=inflict,
)
