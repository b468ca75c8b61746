"""Records a simulated run as ops: what its subject tells, and by which clock.

A simulation has one true time, in milliseconds; the tape writes what the processes and the database
would have shown.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from hypothesis import strategies as st

from engine.subjects.contract import Contract
from reports.schema import Op

LEASE_MS: Final = 5_000
TIMEOUT_MS: Final = 20_000
FINAL_MS: Final = 400_000
DATABASE_EPOCH: Final = 1_700_000_000.0
MAX_ATTEMPTS: Final = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What a subject tells, and how it recovers.

    Attributes:
        tells_rows: bodies know their row.
        tells_tokens: bodies know their token and the number of their attempt.
        leases: claims have tokens and ends.
        deduplicates: a duplicate of a live task is ignored.
        names_ended_rows: an ended row keeps its id.
        prunes: completed rows are deleted.
        effect_is_last: an effect is only had by the attempt that finishes.
        tells_contents: calls and bodies tell the digest of the arguments, bodies and ends results.
        skew_ms: by how much the audit's times are off.
    """

    tells_rows: bool
    tells_tokens: bool
    leases: bool
    deduplicates: bool
    names_ended_rows: bool
    prunes: bool
    effect_is_last: bool
    tells_contents: bool
    skew_ms: int

    def contract(self) -> Contract:
        """What such a subject promises."""
        return Contract(
            delivery="effectively-once" if self.effect_is_last else "at-least-once",
            max_attempts=MAX_ATTEMPTS,
            recovery_seconds=LEASE_MS / 1000,
            deduplicates=self.deduplicates,
            leases=self.leases,
            timeout_seconds=TIMEOUT_MS / 1000,
            keeps_results=self.tells_contents,
        )


manners: Final = st.builds(
    Manners,
    tells_rows=st.booleans(),
    tells_tokens=st.booleans(),
    leases=st.booleans(),
    deduplicates=st.booleans(),
    names_ended_rows=st.booleans(),
    prunes=st.booleans(),
    effect_is_last=st.booleans(),
    tells_contents=st.booleans(),
    skew_ms=st.integers(-20, 20),
)
OUTSPOKEN: Final = Manners(
    tells_rows=True,
    tells_tokens=True,
    leases=True,
    deduplicates=True,
    names_ended_rows=True,
    prunes=False,
    effect_is_last=False,
    tells_contents=True,
    skew_ms=3,
)


class Tape:
    """Records the events of a simulation, in milliseconds of its one true time.

    Attributes:
        begins: the time before which only the model's own tasks live.
    """

    def __init__(self, manner: Manners) -> None:
        self.manner = manner
        self.begins = 0
        self._events: list[tuple[int, int, dict[str, Any]]] = []
        self._last_pid = 1000
        self._last_row = 0
        self._last_fault = 0

    def new_pid(self) -> int:
        """Return a pid that no process had."""
        self._last_pid += 1
        return self._last_pid

    def new_row(self) -> int:
        """Return the id of a new row."""
        self._last_row += 1
        return self._last_row

    def say(self, at: int, process: str, type_: str, f: str, **fields: Any) -> None:
        """Record an op."""
        fields |= {"process": process, "type": type_, "f": f}
        self._events.append((at, len(self._events), fields))

    def audit(self, at: int, f: str, key: str, row: int | None, **fields: Any) -> None:
        """Record an op of the audit."""
        value = {"row": row, **fields.pop("value", {})}
        if not self.manner.leases:
            fields.pop("token", None)
            value.pop("lease_until", None)
        self.say(at, "audit", "ok", f, task=key, value=value, **fields)

    def kill(self, at: int, pid: int, seen_at: int, *, in_body: bool) -> None:
        """Record a kill that landed."""
        self._last_fault += 1
        fault = f"fault-{self._last_fault}"
        self.say(at, fault, "invoke", "kill", value={"pid": pid, "target": "task"})
        self.say(seen_at, fault, "ok", "kill", value={"pid": pid, "in_body": in_body})

    def fault(self, at: int, until: int, disturbs: str, *pids: int) -> None:
        """Record a fault that landed and was healed."""
        self._last_fault += 1
        fault = f"fault-{self._last_fault}"
        value = {"family": "simulated", "disturbs": disturbs}
        self.say(at, fault, "invoke", "outage", value=value)
        self.say(at + 1, fault, "ok", "outage", value={"pids": list(pids)})
        self.say(until, fault, "invoke", "heal")
        self.say(until + 1, fault, "ok", "heal")

    def ops(self) -> list[Op]:
        """Return the history, the audit in the order of the true time."""
        ops = []
        for number, (at, _, fields) in enumerate(sorted(self._events, key=lambda e: e[:2])):
            told = dict(fields)
            shown = at
            if told["process"] == "audit":
                shown += self.manner.skew_ms
                told["value"] = {**told["value"], "sequence": number}
            if told["process"] in {"audit", "final-read"}:
                told["database_time"] = seconds(at)
            ops.append(Op(time=10**12 + shown * 10**6, **told))
        return ops


def seconds(at: int) -> float:
    """Return a time of the database's clock."""
    return DATABASE_EPOCH + at / 1000
