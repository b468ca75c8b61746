"""Kills worker processes in the middle of a body, and only there, as the ledger proves.

The process of a body is stopped for a moment before it is killed: once it stands still, the ledger
says for certain whether the body is under way. Of a whole worker the root dies first, so that it
cannot react. Only processes of the fleet's own sessions are ever signalled.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Final, Literal

import psutil

from engine.contenders.contender import ContenderError
from engine.project.ledger import RECORD, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Fault = Literal["child", "worker"]

PRIME_SHARES: Final = (0.2, 0.6)
"""A body is a victim in this part of its work only: past what comes with its start, such as the
worker's fetching of more, and too early for it to end while we aim."""

STOP_SECONDS: Final = 5.0
DEATH_SECONDS: Final = 10.0

_LOOK_SECONDS: Final = 0.002
_STOPPED: Final = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
_DEAD: Final = (psutil.STATUS_ZOMBIE, None)


class KillError(ContenderError):
    """A process outlived SIGKILL: one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A kill that landed in a body.

    Attributes:
        key: of the task whose body it was; ``pid`` of the process that ran it.
        time_ns: when it was sent, CLOCK_MONOTONIC.
    """

    key: int
    pid: int
    time_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body that has started and not ended."""

    key: int
    pid: int
    started_ns: int


class Bodies:
    """The bodies under way, as the ledger has them, and which tasks have ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read_bytes: dict[Path, int] = {}
        self._under_way: dict[tuple[int, int], Body] = {}
        self.acknowledged: set[int] = set()
        self.ended: set[int] = set()

    def look(self) -> None:
        """Read what was written since the last look."""
        for record in self._fresh():
            match record.kind:
                case Kind.STARTED:
                    body = Body(key=record.key, pid=record.pid, started_ns=record.time_ns)
                    self._under_way[record.pid, record.key] = body
                case Kind.ENDED:
                    self.ended.add(record.key)
                    self._under_way.pop((record.pid, record.key), None)
                case Kind.RAISED:
                    self._under_way.pop((record.pid, record.key), None)
                case Kind.ACKNOWLEDGED:
                    self.acknowledged.add(record.key)

    def under_way(self) -> list[Body]:
        """Return the bodies that have started and not ended."""
        return list(self._under_way.values())

    def is_under_way(self, body: Body) -> bool:
        """Tell whether a body has not ended."""
        return self._under_way.get((body.pid, body.key)) == body

    def bury(self, pids: Iterable[int]) -> None:
        """Forget the bodies of dead processes, whose numbers others may get."""
        dead = set(pids)
        for place in [place for place in self._under_way if place[0] in dead]:
            del self._under_way[place]

    def _fresh(self) -> Iterator[Record]:
        for path in self._folder.glob("*.ledger"):
            begin = self._read_bytes.get(path, 0)
            with path.open("rb") as file:
                file.seek(begin)
                content = file.read()
            whole = len(content) // RECORD.size * RECORD.size
            self._read_bytes[path] = begin + whole
            for fields in RECORD.iter_unpack(content[:whole]):
                yield Record(*fields)


class Killer:
    """Kills one body after another, no task twice, and remembers which."""

    def __init__(self, bodies: Bodies, *, fault: Fault, work_ms: float, seed: int) -> None:
        self.kills: list[Kill] = []
        self._bodies = bodies
        self._fault = fault
        self._work_ms = work_ms
        self._rng = random.Random(seed)  # noqa: S311 - it only chooses victims

    def kill_one(self, workers: Iterable[int]) -> bool:
        """Kill in the middle of a body, if there is one to be hit; tell whether it was hit.

        Raises:
            KillError: a process outlived SIGKILL.
        """
        body = choose(
            self._bodies.under_way(),
            spared={kill.key for kill in self.kills},
            work_ms=self._work_ms,
            rng=self._rng,
        )
        kill = None if body is None else strike(body, self._fault, workers, self._bodies)
        if kill is not None:
            self.kills.append(kill)
        return kill is not None


def choose(
    bodies: Iterable[Body], *, spared: set[int], work_ms: float, rng: random.Random
) -> Body | None:
    """Return a body in its prime, of a task that was not hit before."""
    now_ns, work_ns = time.monotonic_ns(), work_ms * 1e6
    begin, end = PRIME_SHARES
    prime = [
        body
        for body in bodies
        if begin * work_ns <= now_ns - body.started_ns < end * work_ns and body.key not in spared
    ]
    return rng.choice(sorted(prime, key=lambda body: (body.key, body.pid))) if prime else None


def strike(body: Body, fault: Fault, workers: Iterable[int], bodies: Bodies) -> Kill | None:
    """Kill the process of a body, or its whole worker; None if the body had ended by then.

    ``workers`` are the pids of the fleet's workers, which lead the sessions of all their processes.

    Raises:
        KillError: a process outlived SIGKILL.
    """
    root = _session(body.pid)
    if root is None or root not in set(workers):
        return None
    victims = _tree(root) if fault == "worker" else _living([body.pid])
    # Nobody else is stopped: a broker would hand tasks to a worker that stands still, which would
    # be lost with it, though they are not when it just dies.
    if not (_is_stopped(body.pid) and _is_under_way(body, bodies)):
        _signal(_living([body.pid]), signal.SIGCONT)
        return None
    time_ns = time.monotonic_ns()
    _signal(victims, signal.SIGKILL)
    if fault == "worker":
        newborn = _tree(root)
        _signal(newborn, signal.SIGKILL)
        victims += newborn
    _await_death(victims)
    bodies.bury(victim.pid for victim in victims)
    return Kill(key=body.key, pid=body.pid, time_ns=time_ns)


def _is_under_way(body: Body, bodies: Bodies) -> bool:
    bodies.look()
    return bodies.is_under_way(body)


def _is_stopped(pid: int) -> bool:
    """Stop a process, and tell whether it stands still: not if it is dead."""
    victims = _living([pid])
    _signal(victims, signal.SIGSTOP)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        statuses = {_status(victim) for victim in victims}
        if statuses <= {*_STOPPED, *_DEAD}:
            return bool(statuses) and statuses <= {*_STOPPED}
        time.sleep(_LOOK_SECONDS)
    return False


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _living(pids: Iterable[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    return found


def _tree(root: int) -> list[psutil.Process]:
    """Return a worker, first, and everything that descends from it or is in its session."""
    pids = {root: None}
    for process in _living([root]):
        with contextlib.suppress(psutil.NoSuchProcess):
            pids |= dict.fromkeys(child.pid for child in process.children(recursive=True))
    pids |= dict.fromkeys(pid for pid in psutil.pids() if _session(pid) == root)
    return _living(pids)


def _status(victim: psutil.Process) -> str | None:
    try:
        return str(victim.status())
    except psutil.NoSuchProcess:
        return None


def _signal(victims: Iterable[psutil.Process], number: signal.Signals) -> None:
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(number)


def _await_death(victims: list[psutil.Process]) -> None:
    """Wait until all are gone, or zombies whose parents have not heard of it yet."""
    deadline = time.monotonic() + DEATH_SECONDS
    while alive := [one for one in victims if _status(one) not in _DEAD]:
        if time.monotonic() > deadline:
            raise KillError(f"process {alive[0].pid} outlived SIGKILL by {DEATH_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)
