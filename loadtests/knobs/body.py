"""The tasks' own work: whether it is the bodies that occupy the workers, and not the queue."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from loadtests.knobs.knob import Change, Knob
from loadtests.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.contenders.contender import Site
    from loadtests.knobs.knob import Turned


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Body(Knob):
    """Bodies that do nothing get ``work_ms`` of work each; bodies that work get none."""

    work_ms: float

    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Name the work of a body."""
        del site
        return Change(before=_words(_mean_work_ms(workload)), after=_words(self._work_ms(workload)))

    def adjusted(self, site: Site, workload: Mapping[str, Any]) -> Turned:
        """Give all kinds of task the same work."""
        work_ms = self._work_ms(workload)
        tasks = [{**task, "work_ms": work_ms} for task in workload["tasks"]]
        return site, {**workload, "tasks": tasks}

    def _work_ms(self, workload: Mapping[str, Any]) -> float:
        return 0.0 if _mean_work_ms(workload) else self.work_ms


def _mean_work_ms(workload: Mapping[str, Any]) -> float:
    return Workload.from_document(workload).mean_work_ms()


def _words(work_ms: float) -> str:
    return f"bodies that take {work_ms:g} ms" if work_ms else "bodies that do nothing"
