"""sigterm and sigint: workers are told to stop while they work, and told again if need be.

``target`` is ``worker``, that of the triggering task, or ``everything``. ``again_after`` tells who
has not stopped by then a second time; ``kill_after`` kills who has not stopped by then, as a
process manager does after its grace period. The fault has landed when all have ended, and those
that were to need the second signal or the kill did need it.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import time
from typing import TYPE_CHECKING, Any

from chaos.deathwatch import DeathWatch
from chaos.faults.fault import ORANGE, YELLOW, Fault, NotLanded, Proof
from chaos.faults.patience import landing
from chaos.faults.sigkill import kill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(number: signal.Signals, arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Tell them to stop, and see them end; the harness starts others in their place."""
    pids = _workers(arena, options["target"], options.get("trigger_pid"))
    if not pids:
        raise NotLanded(f"there was no worker to stop for the target {options['target']}")
    with contextlib.ExitStack() as stack:
        watches = [stack.enter_context(DeathWatch(pid)) for pid in pids]
        stop = _Stop(arena, number, options, watches)
        stop.tell()
        with landing(arena, stop.go_on) as proof:
            yield proof


def _workers(arena: Arena, target: str, trigger_pid: int | None) -> list[int]:
    match target:
        case "worker":
            return arena.cluster.worker_of(trigger_pid)[:1] if trigger_pid else []
        case "everything":
            return list(arena.cluster.workers().values())
    raise NotLanded(f"no target is called {target!r}")


class _Stop:
    """Workers that were told to stop, and what happens to those that do not."""

    def __init__(
        self,
        arena: Arena,
        number: signal.Signals,
        options: Mapping[str, Any],
        watches: Sequence[DeathWatch],
    ) -> None:
        self._arena = arena
        self._number = number
        self._watches = watches
        self._name = str(options["name"])
        self._begun = time.monotonic()
        # The steps that are still to come: when, and what to do with who lives by then.
        steps = [("again_after", self._tell), ("kill_after", self._kill)]
        self._steps = [(float(options[word]), do) for word, do in steps if word in options]

    def tell(self) -> None:
        """Send the signal for the first time."""
        self._tell([watch.pid for watch in self._watches])

    def go_on(self) -> Mapping[str, Any] | None:
        """Do what is due; return the evidence once all have ended and nothing was left to do."""
        living = [watch.pid for watch in self._watches if not watch.is_dead()]
        if living and self._steps and time.monotonic() - self._begun >= self._steps[0][0]:
            self._steps.pop(0)[1](living)
        if living or self._steps:
            return None
        return {"pids": [watch.pid for watch in self._watches]}

    def _tell(self, pids: Sequence[int]) -> None:
        for pid in pids:
            self._arena.cluster.tell_to_stop(pid, self._number)

    def _kill(self, pids: Sequence[int]) -> None:
        own = [each for pid in pids for each in self._arena.cluster.worker_of(pid)]
        kill(self._arena, own, "worker", self._name)


SIGTERM = Fault(
    name="sigterm",
    family="worker",
    summary="SIGTERM to a worker or to all: once, twice, or with SIGKILL after a grace period",
    disturbs="nothing",
    colour=ORANGE,
    inflict=functools.partial(inflict, signal.SIGTERM),
)
SIGINT = Fault(
    name="sigint",
    family="worker",
    summary="SIGINT to a worker or to all: once, twice, or with SIGKILL after a grace period",
    disturbs="nothing",
    colour=YELLOW,
    inflict=functools.partial(inflict, signal.SIGINT),
)
