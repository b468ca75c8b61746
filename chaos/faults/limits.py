"""memory_limit and descriptors: a process gets no more of what every program takes for granted.

``target`` is ``task``, the process that runs the triggering task; ``supervisor``, the worker's own
process; or ``worker``, both and all others of it. The kernel refuses memory from now on, or new
descriptors: the limit is where the process stands already. It is raised back when healed, also for
processes that were forked meanwhile.
"""

from __future__ import annotations

import contextlib
import functools
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from chaos.faults.fault import BLUE, SKY, Fault, NotLanded, Proof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject


@contextlib.contextmanager
def inflict(
    kind: int, used: Callable[[int], int], arena: Arena, options: Mapping[str, Any]
) -> Iterator[Proof]:
    """Lower the limits, see that nothing is left below them, and raise them back."""
    target = str(options["target"])
    worker = arena.cluster.worker_of(int(options.get("trigger_pid") or 0))
    victims = _victims(worker, target, options.get("trigger_pid"))
    try:
        limited = [pid for pid in victims if _lower(kind, pid, used)]
        if not limited:
            raise NotLanded(f"there was no process to limit for the target {target}")
        yield lambda: _evidence(kind, used, limited)
    finally:
        # The supervisor first: a process that it forks from then on has nothing to inherit.
        for pid in arena.cluster.worker_of(worker[0]) if worker else []:
            with contextlib.suppress(ProcessLookupError):
                # Workers had the limits of the harness, which started them.
                resource.prlimit(pid, kind, resource.getrlimit(kind))


def _victims(worker: list[int], target: str, trigger_pid: int | None) -> list[int]:
    match target:
        case "task":
            return [pid for pid in worker if pid == trigger_pid]
        case "supervisor":
            return worker[:1]
        case "worker":
            return worker
    raise NotLanded(f"no target is called {target!r}")


def _lower(kind: int, pid: int, used: Callable[[int], int]) -> bool:
    """Lower the soft limit of a process to what it uses; tell whether it was still there."""
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        resource.prlimit(pid, kind, (used(pid), resource.getrlimit(kind)[1]))
        return True
    return False


def _evidence(
    kind: int, used: Callable[[int], int], pids: Sequence[int]
) -> Mapping[str, Any] | None:
    """Return who is at its limit by what the kernel says; None if somebody is not."""
    limits = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            limits[pid] = resource.prlimit(pid, kind)[0]
            if used(pid) < limits[pid]:
                return None
    return {"pids": list(limits), "limits": list(limits.values())} if limits else None


def _memory(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().vms)


def _first_free_descriptor(pid: int) -> int:
    """Return the number that the next descriptor would get: the limit is on these numbers."""
    try:
        used = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None
    return next(number for number in range(len(used) + 1) if number not in used)


def _unavailable(_database: Database, _subject: Subject) -> str:
    return "" if sys.platform == "linux" else "only Linux limits another process"


MEMORY_LIMIT = Fault(
    name="memory_limit",
    family="worker",
    summary="RLIMIT_AS of a task's process or of its worker is lowered to what it has",
    disturbs="processes",
    colour=BLUE,
    inflict=functools.partial(inflict, resource.RLIMIT_AS, _memory),
    unavailable=_unavailable,
)
DESCRIPTORS = Fault(
    name="descriptors",
    family="worker",
    summary="RLIMIT_NOFILE of a task's process or of its worker is lowered to what it has open",
    disturbs="processes",
    colour=SKY,
    inflict=functools.partial(inflict, resource.RLIMIT_NOFILE, _first_free_descriptor),
    unavailable=_unavailable,
)
