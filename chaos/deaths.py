"""When processes died, as far as anybody can tell.

A death is an interval: nobody sees a process die, one sees it alive before and dead after. A killed
process may be replaced before its killer has seen it dead, so who asks "was it dead by then?" and
who asks "was it alive still?" read different ends of the interval.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.schema import Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """The end of one process.

    Attributes:
        earliest: it lived until then: the kill was sent, or it spoke its last word.
        seen: it was dead by then; None if a kill was sent and nobody saw it land.
    """

    pid: int
    earliest: int
    seen: int | None

    def is_seen_by(self, time: float) -> bool:
        """Tell whether the process was seen dead at ``time`` or before."""
        return self.seen is not None and self.seen <= time

    def may_fall_between(self, start: float, end: float) -> bool:
        """Tell whether the process may have died from ``start`` to ``end``."""
        return self.earliest <= end and (self.seen is None or self.seen >= start)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A process was to be killed; ``end`` is the op that says what came of it, if any."""

    invoke: Op
    end: Op | None

    @property
    def landed(self) -> bool:
        """Whether the process was seen dead."""
        return self.end is not None and self.end.type == "ok"

    @property
    def in_body(self) -> bool:
        """Whether it landed, and interrupted a task's body."""
        return self.end is not None and self.landed and bool(self.end.value.get("in_body"))

    @property
    def pid(self) -> int:
        """The victim."""
        return int((self.end or self.invoke).value.get("pid", self.invoke.value["pid"]))


def pair_kills(ops: Iterable[Op]) -> tuple[Kill, ...]:
    """Pair each kill with its end; a fault has one kill at a time."""
    pairs: list[tuple[Op, Op | None]] = []
    open_at: dict[str, int] = {}
    for op in ops:
        if op.f != "kill":
            continue
        if op.type == "invoke":
            open_at[op.process] = len(pairs)
            pairs.append((op, None))
        elif op.process in open_at:
            index = open_at.pop(op.process)
            pairs[index] = (pairs[index][0], op)
        else:
            pairs.append((op, op))
    return tuple(Kill(invoke=invoke, end=end) for invoke, end in pairs)


def find_deaths(ops: Sequence[Op], kills: Iterable[Kill]) -> dict[int, Death]:
    """Return the death of every process that was killed or waited for, by pid."""
    last_words = {trailing_pid(op.process): op.time for op in ops if op.process.startswith("body-")}
    deaths: dict[int, Death] = {}
    for kill in kills:
        if kill.end is None or kill.end.type != "fail":
            sent = kill.invoke.time
            # Who kills itself does so whenever it likes: others can only announce it.
            if kill.invoke.value.get("target") == "itself":
                sent = min(sent, last_words.get(kill.pid, sent))
            seen = kill.end.time if kill.end is not None and kill.landed else None
            _note(deaths, kill.pid, sent, seen)
    for op in ops:
        if op.f in {"exit", "death"}:
            pid = int(op.value["pid"])
            # Who ends in order ends when it is waited for; who crashed did so after its last word.
            is_abrupt = op.f == "death" or op.value.get("status", 0) != 0
            has_crashed = is_abrupt and pid not in deaths
            earliest = last_words.get(pid, op.time) if has_crashed else op.time
            # Who was looked at all the time died after the last look that saw it alive.
            earliest = max(earliest, int(op.value.get("alive_at") or earliest))
            _note(deaths, pid, min(earliest, op.time), op.time)
    return deaths


def trailing_pid(name: str) -> int | None:
    """Return the pid at the end of a name such as ``body-812`` or ``host:812``, if there is one."""
    match = re.search(r"(\d+)$", name)
    return int(match[1]) if match else None


def _note(deaths: dict[int, Death], pid: int, earliest: int, seen: int | None) -> None:
    """Join what is told of one death: the first kill that was sent, the first sight of it dead."""
    known = deaths.get(pid)
    if known is not None:
        earliest = min(known.earliest, earliest)
        seen = min((time for time in (known.seen, seen) if time is not None), default=None)
    deaths[pid] = Death(pid=pid, earliest=earliest, seen=seen)
