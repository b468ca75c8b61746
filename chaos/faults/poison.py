"""poison: a task's own body harms the process that runs it; the harness watches what comes of it.

``harm`` is ``death``, the process ends; ``grip``, its body goes on for ``seconds`` and nothing else
runs in it; or ``orphan``, it leaves a child behind when it dies, which is killed when healed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from typing import TYPE_CHECKING, Any, Final

import psutil

from chaos.deathwatch import DeathWatch
from chaos.faults.fault import PURPLE, Fault, NotLanded, Proof
from chaos.faults.patience import landing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena

HARMS: Final = frozenset({"death", "grip", "orphan"})


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Watch the process, and end what it left behind."""
    pid, harm = options.get("trigger_pid"), options["harm"]
    if harm not in HARMS:
        raise NotLanded(f"no harm is called {harm!r}")
    if not pid:
        raise NotLanded("no body had started that could do harm")
    until = time.monotonic() + float(options.get("seconds", 0.0))
    with DeathWatch(pid) as watch:
        try:
            look = functools.partial(_look, arena, watch, harm, until)
            with landing(arena, look) as proof:
                yield proof
        finally:
            if harm == "orphan":
                _kill(_orphans(arena))


def _look(arena: Arena, watch: DeathWatch, harm: str, until: float) -> Mapping[str, Any] | None:
    evidence = {"pids": [watch.pid]}
    if harm == "grip":
        is_held = time.monotonic() >= until and watch.pid in arena.bodies.running
        return evidence if is_held else None
    if not watch.is_dead():
        return None
    if harm == "death":
        return evidence
    orphans = _orphans(arena)
    return {**evidence, "orphans": orphans} if orphans else None


def _orphans(arena: Arena) -> list[int]:
    """Return the living processes in the sessions of workers whose parents are in none of them."""
    sessions = set(arena.cluster.workers().values())
    return [pid for pid in psutil.pids() if _is_orphan(pid, sessions)]


def _is_orphan(pid: int, sessions: set[int]) -> bool:
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        if pid in sessions or os.getsid(pid) not in sessions:
            return False
        process = psutil.Process(pid)
        is_alive = process.status() != psutil.STATUS_ZOMBIE
        return is_alive and os.getsid(process.ppid()) not in sessions
    return False


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with DeathWatch(pid) as watch:
            watch.kill()
            watch.is_dead(1.0)


POISON = Fault(
    name="poison",
    family="worker",
    summary="a task's body ends or grips its own process, or leaves a child behind in it",
    disturbs="nothing",
    colour=PURPLE,
    inflict=inflict,
)
