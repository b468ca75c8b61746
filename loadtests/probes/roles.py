"""Share out CPU time among roles: a pure account of one look at all processes after another.

A process belongs to the role of its nearest ancestor that is a root, itself included. No time is
lost with a process that ends between two looks: the system adds it to its parent's account of
dead children when it is waited for, from which what had been counted already is taken off. Of a
process that nobody waits for, what was last seen of it remains counted.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process at one look.

    Attributes:
        born: when it was started, in the system's units: a number that is used again is another's.
        own: CPU seconds of its threads.
        waited: CPU seconds of dead descendants that were waited for, each by its parent.
    """

    pid: int
    parent: int
    born: int
    own: float
    waited: float


Look = dict[int, Process]


class Account:
    """CPU seconds of each role since the first look."""

    def __init__(self) -> None:
        self._last: Look | None = None
        self._owner: dict[int, str] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def look(self, processes: Look, roots: Mapping[str, Sequence[int]]) -> dict[str, float]:
        """Account for the time since the last look, and tell all seconds so far by role."""
        owner = owners(processes, roots)
        before = processes if self._last is None else self._last
        for pid, role in owner.items():
            self._seconds[role] += _own_increment(before, processes[pid])
        for role in roots:
            self._seconds[role] += 0.0
        if self._last is not None:
            self._account_for_dead(self._last, processes, owner)
        self._last, self._owner = processes, owner
        return dict(self._seconds)

    def _account_for_dead(self, before: Look, now: Look, owner: Mapping[int, str]) -> None:
        dead = [process for process in before.values() if not _lives(process, now)]
        heirs: defaultdict[int, list[Process]] = defaultdict(list)
        for process in dead:
            heirs[_nearest_survivor(process, before, now)].append(process)
        for heir, process in now.items():
            grown = process.waited - (before[heir].waited if _lives(process, before) else 0.0)
            known = sum(each.own + each.waited for each in heirs[heir])
            roles = [self._owner[each.pid] for each in heirs[heir] if each.pid in self._owner]
            role = next(iter(roles), owner.get(heir))
            if role is not None:
                self._seconds[role] += max(0.0, grown - known)


def owners(processes: Look, roots: Mapping[str, Sequence[int]]) -> dict[int, str]:
    """Tell the role of each process that has one."""
    role_of_root = {pid: role for role, pids in roots.items() for pid in pids}
    found: dict[int, str] = {}
    for pid in processes:
        if (root := _nearest_root(pid, processes, role_of_root)) is not None:
            found[pid] = role_of_root[root]
    return found


def _nearest_root(pid: int, processes: Look, roots: Mapping[int, str]) -> int | None:
    seen: set[int] = set()
    # A look is not one moment, so numbers used again could make a ring.
    while pid not in roots:
        if pid not in processes or pid in seen:
            return None
        seen.add(pid)
        pid = processes[pid].parent
    return pid


def _nearest_survivor(process: Process, before: Look, now: Look) -> int:
    seen: set[int] = set()
    while process.pid not in seen and process.parent in before:
        seen.add(process.pid)
        process = before[process.parent]
        if _lives(process, now):
            return process.pid
    return 0


def _lives(process: Process, now: Look) -> bool:
    """Tell whether the process is in another look too."""
    return process.pid in now and now[process.pid].born == process.born


def _own_increment(before: Look, process: Process) -> float:
    """Tell what a process used since the last look; all of it, if it was born since."""
    return process.own - (before[process.pid].own if _lives(process, before) else 0.0)
