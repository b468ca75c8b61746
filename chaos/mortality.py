"""Notes the death of every process that ran a body, whoever or whatever ended it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaos.deathwatch import DeathWatch

if TYPE_CHECKING:
    from chaos.bodies import Bodies
    from engine.project.recorder import Recorder


class Mortality:
    """Watches the processes whose bodies have spoken; ``look`` is called again and again."""

    def __init__(self, bodies: Bodies, history: Recorder) -> None:
        self._bodies = bodies
        self._history = history
        self._watches: dict[int, DeathWatch] = {}
        self._alive_at: dict[int, int] = {}
        self._buried: set[int] = set()

    def look(self) -> None:
        """Watch those that spoke for the first time, and write who was seen dead since."""
        for pid in self._bodies.pids - self._watches.keys() - self._buried:
            self._watches[pid] = DeathWatch(pid)
        for pid, watch in list(self._watches.items()):
            # Taken before: it lived when somebody began to ask.
            asked_at = time.monotonic_ns()
            if not watch.is_dead():
                self._alive_at[pid] = asked_at
                continue
            # A run may see thousands of them die.
            self._watches.pop(pid).close()
            self._buried.add(pid)
            value = {"pid": pid, "alive_at": self._alive_at.pop(pid, None)}
            self._history.write("ok", "death", value=value)

    def close(self) -> None:
        """Look for the last time."""
        self.look()
        for watch in self._watches.values():
            watch.close()
