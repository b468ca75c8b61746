"""sigstop: processes of workers are frozen, for longer than a lease if one wants zombies.

``target`` is ``task``, the process that runs the triggering task; ``supervisor``, the one that
renews its lease, while the task goes on; ``worker``, both and all others of that worker; or
``everything``. Whoever is stopped within a transaction keeps its locks, and others wait for them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Final

import psutil

from chaos.faults.fault import PURPLE, Fault, NotLanded, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaos.arena import Arena

STOP_SECONDS: Final = 5.0


@contextlib.contextmanager
def inflict(
    arena: Arena, options: Mapping[str, Any]
) -> Iterator[Callable[[], Mapping[str, Any] | None]]:
    """Stop, and see all victims stopped; they go on when it is healed."""
    pids = _victims(arena, options["target"], options.get("trigger_pid"))
    try:
        # The parent first: it must not see its children stop one by one.
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        stopped = [pid for pid in pids if _is_stopped(pid)]
        if not stopped:
            raise NotLanded(f"there was no process to stop for the target {options['target']}")
        yield seen(pids=stopped)
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


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


def _is_stopped(pid: int) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while time.monotonic() < deadline:
            if process.status() == psutil.STATUS_STOPPED:
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
