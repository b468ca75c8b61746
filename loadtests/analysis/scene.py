"""The step at which a queue was saturated, as the detection of bottlenecks looks at it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from reports.load_schema import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.load_schema import Knee
    from reports.load_steps import Step

SEARCHED: Final = ("ramp", "bisect", "confirm")
AT_REST: Final = ("Client", "Activity")
"""Classes of waits of sessions that have nothing to do."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A saturated step, with what is known beside it.

    Attributes:
        idle: a step without load, of the same target.
        workers: tasks that can run at the same time.
        work_ms: of a body, on average.
    """

    step: Step
    idle: Step | None = None
    workers: int | None = None
    work_ms: float | None = None

    @property
    def window_ms(self) -> float:
        """The length of the window."""
        return self.step.window_seconds * 1000

    @property
    def idle_share(self) -> float | None:
        """Of all CPU time; from the roles if the host did not tell."""
        resources = self.step.resources
        if resources.idle_share is not None:
            return resources.idle_share
        used = sum(resources.cpu_seconds.values())
        return 1 - used / (resources.cores * self.step.window_seconds) if used else None

    def counter(self, name: str) -> float | None:
        """Return what the database counted; None if it does not count that."""
        return self.step.resources.counters.get(name)

    def cpu_part(self, roles: Sequence[str]) -> float:
        """Return the part that some roles have in the CPU time of all roles."""
        spent = self.step.resources.cpu_seconds
        return sum(spent.get(role, 0.0) for role in roles) / (sum(spent.values()) or 1.0)

    def waiting(self, words: Iterable[str]) -> tuple[float, float]:
        """Return the share of busy sessions' samples, and the mean sessions, that wait for words.

        A wait counts if its "class:event" begins with one of the words, in any case.
        """
        resources = self.step.resources
        busy = {
            event.lower(): count
            for event, count in resources.waits.items()
            if event.partition(":")[0] not in AT_REST
        }
        prefixes = tuple(word.lower() for word in words)
        matching = sum(count for event, count in busy.items() if event.startswith(prefixes))
        looks = max(1, resources.wait_samples)
        return matching / max(1, sum(busy.values())), matching / looks

    def evidence(self, name: str, value: float, unit: str) -> Evidence:
        """Return an observation of this step."""
        return Evidence(name=name, value=round(value, 4), unit=unit, step=self.step.id)


def saturated_step(knee: Knee, steps: Iterable[Step]) -> Step | None:
    """Return the failed step nearest to the bracket's high end; None if there is none.

    Steps have the rate that was in fact planned, which is near the one that was asked for.
    """
    high = knee.high
    failed = [
        step
        for step in steps
        if step.target == knee.target and step.phase in SEARCHED and step.verdict == "fail"
    ]
    if high is None or not failed:
        return None
    # Of the trials at this rate the last is the one of the confirmation.
    return min(failed, key=lambda step: (round(abs(step.offered_rate / high - 1), 1), -step.order))
