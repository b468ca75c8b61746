"""sigkill: processes of workers die in the middle of what they do.

``target`` says which: ``task``, the process that runs the task whose start triggered it;
``worker``, that one's whole worker; ``some``, a part of all processes, by chance; ``everything``,
all workers with all their processes, as if the host had died; ``itself``, the process that runs
the task, which kills itself: the harness only watches it die.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from chaos.deathwatch import DeathWatch
from chaos.faults.fault import VERMILION, Fault, NotLanded, Proof, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.arena import Arena

DEATH_SECONDS: Final = 20.0


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Kill, and see all victims dead; workers that ended are started again."""
    target = options["target"]
    victims = _victims(arena, target, options.get("trigger_pid"))
    if not victims:
        raise NotLanded(f"there was no process to kill for the target {target}")
    dead = kill(arena, victims, target, str(options["name"]))
    arena.cluster.tend()
    yield seen(pids=dead) if len(dead) == len(victims) else (lambda: None)


def _victims(arena: Arena, target: str, trigger_pid: int | None) -> list[int]:
    cluster = arena.cluster
    match target:
        case "task":
            return [trigger_pid] if trigger_pid and cluster.owns(trigger_pid) else []
        case "itself":
            return [trigger_pid] if trigger_pid else []
        case "worker":
            return cluster.worker_of(trigger_pid) if trigger_pid else []
        case "some":
            pids = cluster.pids()
            return arena.rng.sample(pids, max(1, len(pids) // 2)) if pids else []
        case "everything":
            return cluster.pids()
    raise NotLanded(f"no target is called {target!r}")


def kill(arena: Arena, pids: Sequence[int], target: str, name: str) -> list[int]:
    """Kill all of them before waiting for any: they die as if at once. Return who was seen dead."""
    with contextlib.ExitStack() as stack:
        watches = [stack.enter_context(DeathWatch(pid)) for pid in pids]
        names = [f"{name}.{number}" for number, _ in enumerate(pids, start=1)]
        for pid, process in zip(pids, names, strict=True):
            value = {"pid": pid, "target": target, "signal": "SIGKILL"}
            arena.history.write("invoke", "kill", process=process, value=value)
        if target != "itself":
            for watch in watches:
                watch.kill()
        confirmed = [
            _confirm(arena, watch, process) for watch, process in zip(watches, names, strict=True)
        ]
    return [pid for pid, is_dead in zip(pids, confirmed, strict=True) if is_dead]


def _confirm(arena: Arena, watch: DeathWatch, process: str) -> bool:
    if not watch.is_dead(DEATH_SECONDS):
        error = f"process {watch.pid} lived on for {DEATH_SECONDS:g} s"
        arena.history.write("info", "kill", process=process, error=error)
        return False
    arena.bodies.catch_up()
    task = arena.bodies.running.pop(watch.pid, None)
    value = {"pid": watch.pid, "in_body": task is not None}
    arena.history.write("ok", "kill", process=process, task=task, value=value)
    return True


SIGKILL = Fault(
    name="sigkill",
    family="worker",
    summary="SIGKILL of a task's process, of its worker, of some processes or of all of them",
    disturbs="nothing",
    colour=VERMILION,
    inflict=inflict,
)
