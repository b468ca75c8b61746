"""The same history under other clocks, in another order, and with other names."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final

from properties.edits import changed

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from reports.schema import Op

OF_THE_DATABASE: Final = ("lease_until", "run_at", "slot_at", "repeat_until", "due_at")
"""What is told in the seconds of the database's clock."""


def shifted(ops: Sequence[Op], *, by_ns: int, database_by: int) -> list[Op]:
    """Let the clocks of the host and of the database show so much more."""
    return [_shift(op, by_ns, database_by) for op in ops]


def _shift(op: Op, by_ns: int, database_by: int) -> Op:
    told = {name: op.value[name] for name in OF_THE_DATABASE if op.value.get(name) is not None}
    value = {name: time + database_by for name, time in told.items()}
    if op.value.get("alive_at") is not None:
        value["alive_at"] = op.value["alive_at"] + by_ns
    seen = None if op.database_time is None else op.database_time + database_by
    return changed(op, value, time=op.time + by_ns, database_time=seen)


def crowded(ops: Sequence[Op], *, tick_ns: int) -> list[Op]:
    """Let the clock of the host tick so seldom that many ops have the same time."""
    return [dataclasses.replace(op, time=op.time // tick_ns * tick_ns) for op in ops]


def merged_anew(ops: Sequence[Op], random: random.Random) -> list[Op]:
    """Put the ops into any order that leaves each process its own."""
    speakers = [op.process for op in ops]
    own = {name: iter([op for op in ops if op.process == name]) for name in set(speakers)}
    random.shuffle(speakers)
    return [next(own[name]) for name in speakers]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Other names for everything that has one."""

    tasks: Mapping[str, str]
    rows: Mapping[Any, Any]
    pids: Mapping[int, int]

    @classmethod
    def drawn(cls, ops: Sequence[Op], random: random.Random) -> Names:
        """Give everything a new name; the new ones have an order of their own."""
        tasks = {op.task for op in ops if op.task is not None}
        rows = {row for op in ops if (row := op.value.get("row")) is not None}
        pids = {pid for op in ops for pid in _pids(op)}
        return cls(
            tasks={key: f"job {n}" for n, key in enumerate(_mixed(tasks, random))},
            # Some queues have rows with a UUID.
            rows={row: f"{n:08x}" for n, row in enumerate(_mixed(rows, random))},
            pids={pid: 20_000 + n for n, pid in enumerate(_mixed(pids, random))},
        )

    def renamed(self, op: Op) -> Op:
        """Return the op in the new names."""
        value = dict(op.value)
        if value.get("row") is not None:
            value["row"] = self.rows[value["row"]]
        if "pid" in value:
            value["pid"] = self.pids[value["pid"]]
        if "pids" in value:
            value["pids"] = [self.pids[pid] for pid in value["pids"]]
        if value.get("owner"):
            value["owner"] = self._spoken(value["owner"])
        task = None if op.task is None else self.tasks[op.task]
        return dataclasses.replace(op, value=value, task=task, process=self._spoken(op.process))

    def _spoken(self, name: str) -> str:
        pid = _pid_in(name)
        return name if pid is None else re.sub(r"\d+$", str(self.pids[pid]), name)


def _pids(op: Op) -> list[int]:
    told = [op.value.get("pid"), _pid_in(op.process), _pid_in(op.value.get("owner") or "")]
    return [*op.value.get("pids", ()), *(pid for pid in told if pid is not None)]


def _pid_in(name: str) -> int | None:
    """Return the pid in the name of a process or an owner; the number of a fault is none."""
    match = re.fullmatch(r"(?:body|producer)-(\d+)|host:(\d+)", name)
    return int(match[1] or match[2]) if match else None


def _mixed(names: set[Any], random: random.Random) -> list[Any]:
    ordered = sorted(names)
    random.shuffle(ordered)
    return ordered
