"""What a run will do, as data made from a seed: the same seed gives the same plan everywhere."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One enqueue.

    Attributes:
        key: the task's key in the history, its first argument.
        kind: the name of a task in ``engine.project.tasks``.
        args: its other arguments.
        producer: which producer process calls it.
        at_seconds: when, since the producers began.
        delay_seconds: how long after the call it may run.
        due_at_seconds: or else when it may run, since the producers began: several tasks with the
            same value are due at the same instant, and all workers reach for them at once.
    """

    key: str
    kind: str
    args: tuple[Any, ...] = ()
    producer: int = 0
    at_seconds: float
    delay_seconds: float = 0.0
    due_at_seconds: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One SIGKILL, triggered by the start of a task's body.

    Attributes:
        trigger: the key of the task; its first start is meant.
        target: ``task`` is the process that runs it; ``everything`` is all workers with all their
            processes; ``itself`` means that the body kills its own process, every time, and the
            harness only watches it die.
    """

    trigger: str
    target: Literal["task", "everything", "itself"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A workload and the faults against it.

    Attributes:
        workers: how many workers are started.
        processes: how many processes each worker has for tasks, where the subject has any.
    """

    scenario: str
    seed: int
    workers: int
    processes: int
    calls: tuple[Call, ...]
    kills: tuple[Kill, ...]

    @property
    def producers(self) -> int:
        """The number of producer processes."""
        return 1 + max(call.producer for call in self.calls)

    def write(self, path: Path) -> None:
        """Write the plan as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")
