"""More or fewer worker processes: whether Python's CPU time limits the queue, or contention."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from loadtests.knobs.knob import Change, Knob, KnobError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.contenders.contender import Site
    from loadtests.knobs.knob import Turned


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Processes(Knob):
    """How many processes run tasks: ``factor`` times as many, and ``added`` more."""

    factor: int = 1
    added: int = 0

    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Name both numbers."""
        del workload
        return Change(before=_words(site.processes), after=_words(self._processes(site)))

    def adjusted(self, site: Site, workload: Mapping[str, Any]) -> Turned:
        """Change the number."""
        return dataclasses.replace(site, processes=self._processes(site)), workload

    def _processes(self, site: Site) -> int:
        processes = site.processes * self.factor + self.added
        if processes < 1:
            raise KnobError(
                f"The knob {self.name} needs a step with more than {_words(site.processes)}."
            )
        return processes


def _words(processes: int) -> str:
    return "1 worker process" if processes == 1 else f"{processes} worker processes"
