"""What a run will do, as data made from a seed: the same seed gives the same plan everywhere."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One enqueue.

    Attributes:
        key: the task's key in the history, its first argument.
        kind: the name of a task in ``engine.project.tasks``, or the dotted path of another one.
        args: its other arguments.
        producer: which producer process calls it.
        at_seconds: when, since the producers began.
        delay_seconds: how long after the call it may run.
        due_at_seconds: or else when it may run, since the producers began: several tasks with the
            same value are due at the same instant, and all workers reach for them at once.
        priority: higher runs first.
        unique: whether a duplicate of a live task is to be ignored.
        repeat_seconds: how long after its time it is due again; 0 if it runs once.
        repeat_for_seconds: the last time at which it is due again, since the producers began.
        batch: calls with the same batch are made as one ``enqueue_many``, by the first one's
            producer at the first one's time, if the subject has that.
        aborts: the call is made in a transaction that is rolled back.
    """

    key: str
    kind: str
    args: tuple[Any, ...] = ()
    producer: int = 0
    at_seconds: float
    delay_seconds: float = 0.0
    due_at_seconds: float | None = None
    priority: int = 0
    unique: bool = True
    repeat_seconds: int = 0
    repeat_for_seconds: float = 0.0
    batch: str | None = None
    aborts: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault of a plan: which, when, for how long.

    Attributes:
        fault: the name of a fault, as in ``chaos list``.
        on_start_of: the key of the task whose first start triggers it; None for a time.
        every_start: that each start of that task triggers it.
        at_seconds: or else when, since the producers began.
        for_seconds: how long it lasts before it is healed; 0 for a fault of an instant.
        options: what the fault takes, by name; JSON.
    """

    fault: str
    on_start_of: str | None = None
    every_start: bool = False
    at_seconds: float = 0.0
    for_seconds: float = 0.0
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A workload and the faults against it.

    Attributes:
        workers: how many workers are started.
        processes: how many processes each worker has for tasks, where the subject has any.
        timeout_seconds: how long an attempt may take before the engine ends it; None for the
            subject's default.
        exercises: the properties that the run sets out to put to the test, besides those that
            every run does; without an opportunity for one of them the verdict is UNKNOWN.
    """

    scenario: str
    seed: int
    workers: int
    processes: int
    calls: tuple[Call, ...]
    strikes: tuple[Strike, ...]
    timeout_seconds: float | None = None
    exercises: tuple[str, ...] = ()

    @property
    def producers(self) -> int:
        """The number of producer processes."""
        return 1 + max((call.producer for call in self.calls), default=0)

    @property
    def length_seconds(self) -> float:
        """When the last call is due and the last fault is healed, as far as that is planned."""
        calls = (max(call.at_seconds, call.due_at_seconds or 0.0) for call in self.calls)
        strikes = (strike.at_seconds + strike.for_seconds for strike in self.strikes)
        return max((*calls, *strikes), default=0.0)

    def write(self, path: Path) -> None:
        """Write the plan as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a plan; raises OSError, ValueError or TypeError if the file holds none."""
        fields = json.loads(path.read_text())
        calls = tuple(Call(**{**call, "args": tuple(call["args"])}) for call in fields["calls"])
        strikes = tuple(Strike(**strike) for strike in fields["strikes"])
        exercises = tuple(fields.get("exercises", ()))
        return cls(**{**fields, "calls": calls, "strikes": strikes, "exercises": exercises})
