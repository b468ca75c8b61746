"""Carries out the kills of a plan, and records for each whether it landed and on what."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from chaos.deathwatch import DeathWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.bodies import Bodies
    from chaos.cluster import Cluster
    from chaos.plan import Kill
    from engine.project.recorder import Recorder
    from reports.schema import Op

DEATH_SECONDS: Final = 20.0


class Faults:
    """The kills that are still to come, by the task whose start triggers them."""

    def __init__(
        self, kills: Sequence[Kill], cluster: Cluster, bodies: Bodies, history: Recorder
    ) -> None:
        self._pending = {kill.trigger: kill for kill in kills}
        self._to_come = set(self._pending)
        self._cluster = cluster
        self._bodies = bodies
        self._history = history
        self._number = 0

    @property
    def are_over(self) -> bool:
        """Whether every kill of the plan was triggered at least once."""
        return not self._to_come

    def strike(self) -> None:
        """Carry out what the starts since the last call trigger."""
        # Only those written by now: poison starts again while its death is being confirmed.
        for start in list(self._bodies.new_starts()):
            kill = self._pending.get(start.task or "")
            if kill is None:
                continue
            self._to_come.discard(kill.trigger)
            if kill.target != "itself":
                del self._pending[kill.trigger]
            self._carry_out(kill, start)

    def _carry_out(self, kill: Kill, start: Op) -> None:
        pid = int(start.value["pid"])
        match kill.target:
            case "task":
                self._kill([pid] if self._cluster.owns(pid) else [], kill)
                self._cluster.tend()
            case "everything":
                self._kill(self._cluster.pids(), kill)
                self._cluster.tend()
            case "itself":
                self._kill([pid], kill, by_hand=False)
                self._cluster.tend()

    def _kill(self, pids: Sequence[int], kill: Kill, *, by_hand: bool = True) -> None:
        """Kill all of them before waiting for any: they die as if at once."""
        with contextlib.ExitStack() as stack:
            watches = [stack.enter_context(DeathWatch(pid)) for pid in pids]
            names = [self._announce(pid, kill) for pid in pids]
            if by_hand:
                for watch in watches:
                    watch.kill()
            for watch, name in zip(watches, names, strict=True):
                self._confirm(watch, name)

    def _announce(self, pid: int, kill: Kill) -> str:
        self._number += 1
        name = f"fault-{self._number}"
        value = {"pid": pid, "target": kill.target, "signal": "SIGKILL"}
        self._history.write("invoke", "kill", process=name, value=value)
        return name

    def _confirm(self, watch: DeathWatch, name: str) -> None:
        if not watch.is_dead(DEATH_SECONDS):
            error = f"process {watch.pid} lived on for {DEATH_SECONDS:g} s"
            self._history.write("info", "kill", process=name, error=error)
            return
        self._bodies.catch_up()
        task = self._bodies.running.pop(watch.pid, None)
        value = {"pid": watch.pid, "in_body": task is not None}
        self._history.write("ok", "kill", process=name, task=task, value=value)
