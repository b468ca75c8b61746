"""CPU time by role, and the machine's steal and idle time, sampled from /proc by a thread.

A system without /proc gives no figures, and no failure.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from loadtests.probes.roles import Account, Look, Process
from loadtests.probes.sampler import Sampler
from loadtests.probes.series import Counters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PERIOD_SECONDS = 0.5

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
# Behind the name in parentheses, which may hold anything: see proc_pid_stat(5), from field 3.
_PARENT, _OWN, _WAITED, _BORN = 1, slice(11, 13), slice(13, 15), 19
# Guests' time, from the ninth field, is in the first ones already.
_CPU_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


class HostProbe:
    """Samples what each role's process trees use.

    ``roots`` is asked at every look: the ids of the processes at the top, by role. A role's tree
    ends where another role's begins.
    """

    def __init__(self, roots: Callable[[], Mapping[str, Sequence[int]]]) -> None:
        self._roots = roots
        self._last_roots: Mapping[str, Sequence[int]] = {}
        self._account = Account()
        self._roles: Counters[str] = Counters()
        self._machine: Counters[str] = Counters()
        self._sampler = Sampler("host", PERIOD_SECONDS, self._look)

    def start(self) -> None:
        """Begin."""
        self._sampler.start()

    def stop(self) -> None:
        """End, with a last look."""
        self._sampler.stop()

    def cpu_seconds(self, begin_ns: int, end_ns: int) -> dict[str, float]:
        """Tell the CPU seconds of each role within a window of CLOCK_MONOTONIC."""
        return {
            role: round(value, 4) for role, value in self._roles.within(begin_ns, end_ns).items()
        }

    def shares(self, begin_ns: int, end_ns: int) -> dict[str, float]:
        """Tell the machine's ``idle`` and ``steal`` shares within a window; {} if unknown."""
        spent = self._machine.within(begin_ns, end_ns)
        total = sum(spent.values())
        if not total:
            return {}
        return {"idle": (spent["idle"] + spent["iowait"]) / total, "steal": spent["steal"] / total}

    def _look(self) -> None:
        if not (_PROC / "stat").exists():
            return
        # Whoever answers may be starting or ending processes at this moment.
        with contextlib.suppress(Exception):
            self._last_roots = self._roots()
        begun = time.monotonic_ns()
        processes = read_processes()
        # A look takes a few milliseconds: it counts as one moment in the middle of them.
        now = (begun + time.monotonic_ns()) // 2
        self._roles.sample(now, self._account.look(processes, self._last_roots))
        self._machine.sample(now, read_machine())


def read_processes() -> Look:
    """Read the accounts of all processes that can be seen."""
    numbers = (name for name in os.listdir(_PROC) if name.isdigit())  # noqa: PTH208 - many, quickly
    found = (read_process(int(number)) for number in numbers)
    return {process.pid: process for process in found if process is not None}


def read_process(pid: int) -> Process | None:
    """Read the account of one process; None if there is none any more."""
    with contextlib.suppress(OSError):
        content = (_PROC / str(pid) / "stat").read_bytes()
        fields = content[content.rindex(b")") + 2 :].split()
        return Process(
            pid=pid,
            parent=int(fields[_PARENT]),
            born=int(fields[_BORN]),
            own=sum(map(int, fields[_OWN])) / _TICKS,
            waited=sum(map(int, fields[_WAITED])) / _TICKS,
        )
    return None


def is_alive(pid: int) -> bool:
    """Tell whether a process runs: one that nobody has waited for yet does not."""
    if _PROC.exists():
        with contextlib.suppress(OSError):
            content = (_PROC / str(pid) / "stat").read_bytes()
            return content[content.rindex(b")") + 2 :][:1] not in {b"Z", b"X"}
        return False
    with contextlib.suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


def read_machine() -> dict[str, float]:
    """Read the machine's CPU time in ticks, by what it went to."""
    with (_PROC / "stat").open(encoding="ascii") as lines:
        values = lines.readline().split()[1:]
    return dict(zip(_CPU_FIELDS, map(float, values), strict=False))
