"""What the tasks of a load test do: a weighted mix of kinds, of which jobs are drawn.

A workload and its document are the same thing in two forms, and the document is what the key
``tasks`` of a profile says. This module imports the standard library only: the generator runs it in
the environment of every contender.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any, Self

from loadtests.distributions import Constant, Distribution, distribution, pick

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

_NO_WORK = Constant(value=0.0)
_SMALL_PAYLOAD = Constant(value=100.0)
_SHORT_DELAY = Constant(value=5.0)


# Not frozen: the protocol engine.contenders.contender.Job has plain attributes.
@dataclasses.dataclass(slots=True, kw_only=True)
class Job:
    """What one task is asked to do.

    Attributes:
        work_ms: how long it waits, or computes if ``is_cpu``.
        payload_bytes: size of the argument that it carries beside its own few.
        fails_first: it raises the first time it runs, before any work.
        delay_seconds: it is scheduled for that long after its enqueue; 0 for at once.
    """

    work_ms: float
    is_cpu: bool
    payload_bytes: int
    fails_first: bool
    delay_seconds: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """One kind of task in the mix.

    Attributes:
        weight: how often it comes, beside the weights of the other kinds.
        retry_share: of its tasks that fail the first time.
        scheduled_share: of its tasks that are scheduled ``delay_seconds`` ahead.
    """

    name: str
    weight: float = 1.0
    work_ms: Distribution = _NO_WORK
    is_cpu: bool = False
    payload_bytes: Distribution = _SMALL_PAYLOAD
    retry_share: float = 0.0
    scheduled_share: float = 0.0
    delay_seconds: Distribution = _SHORT_DELAY

    def draw(self, rng: random.Random) -> Job:
        """Draw one task of this kind."""
        is_scheduled = rng.random() < self.scheduled_share
        return Job(
            work_ms=self.work_ms.draw(rng),
            is_cpu=self.is_cpu,
            payload_bytes=round(self.payload_bytes.draw(rng)),
            fails_first=rng.random() < self.retry_share,
            delay_seconds=self.delay_seconds.draw(rng) if is_scheduled else 0.0,
        )

    def to_document(self) -> dict[str, Any]:
        """Return it as a profile writes it, defaults included."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return fields | {name: fields[name].to_document() for name in _DISTRIBUTIONS}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read it; what is missing has its default. Raises KeyError or TypeError."""
        spread = {name: distribution(document[name]) for name in _DISTRIBUTIONS & set(document)}
        return cls(**{**document, **spread})


_DISTRIBUTIONS = frozenset({"work_ms", "payload_bytes", "delay_seconds"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A mix of one or more kinds of task."""

    tasks: tuple[TaskKind, ...] = (TaskKind(name="empty"),)
    _sums: tuple[float, ...] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sums = itertools.accumulate(task.weight for task in self.tasks)
        object.__setattr__(self, "_sums", tuple(sums))

    def draw(self, rng: random.Random) -> Job:
        """Draw the next task; the same generator draws the same tasks everywhere."""
        return self.tasks[pick(self._sums, rng)].draw(rng)

    def mean_work_ms(self) -> float:
        """Return the mean of ``work_ms`` over all tasks; a first attempt that fails has none."""
        work = math.fsum(task.weight * task.work_ms.mean() for task in self.tasks)
        return work / self._sums[-1]

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"tasks": [task.to_document() for task in self.tasks]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_document`` returned; raises KeyError or TypeError."""
        return cls(tasks=tuple(TaskKind.from_document(task) for task in document["tasks"]))
