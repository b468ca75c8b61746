"""Records what happened to each task of a load run, in a few microseconds per record.

One append-only file per process, one ``os.write`` per record of 32 bytes: a record that was
written survives the death of its process. Times are nanoseconds of CLOCK_MONOTONIC, which is one
clock for all processes of a host. This module imports the standard library only: it runs in the
environment of every contender.
"""

from __future__ import annotations

import enum
import functools
import os
import struct
import time
from pathlib import Path
from typing import Final, NamedTuple

LEDGER: Final = "KILLPROOF_LEDGER"
"""The environment variable that names the folder of the ledger; without it nothing is written."""

RECORD: Final = struct.Struct("<B3xIQqq")
"""kind, pid, key, intended, time: 32 bytes."""


class Kind(enum.IntEnum):
    """What a record says. ``intended`` is the time at which the task should have been enqueued."""

    SENT = 1
    ACKNOWLEDGED = 2
    REFUSED = 3
    STARTED = 4
    ENDED = 5
    RAISED = 6


class Record(NamedTuple):
    """One record."""

    kind: int
    pid: int
    key: int
    intended_ns: int
    time_ns: int


class Ledger:
    """Writes the records of one process."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._pid = os.getpid()
        self._descriptor = os.open(folder / f"{self._pid}.ledger", flags, 0o644)

    def write(self, kind: Kind, key: int, intended_ns: int) -> int:
        """Write one record and return its time, which is now."""
        now = time.monotonic_ns()
        os.write(self._descriptor, RECORD.pack(kind, self._pid, key, intended_ns, now))
        return now


def ledger() -> Ledger | None:
    """Return the ledger of this process, forked or not; None if none is being kept."""
    folder = os.environ.get(LEDGER)
    return _ledger(folder, os.getpid()) if folder else None


@functools.lru_cache(maxsize=2)
def _ledger(folder: str, _pid: int) -> Ledger:
    return Ledger(Path(folder))


def read_ledger(folder: Path) -> list[Record]:
    """Read the records of all processes, in the order of their times.

    A process that was killed may leave part of a record at the end of its file, which is dropped.
    """
    records = [Record(*fields) for path in folder.glob("*.ledger") for fields in _fields(path)]
    return sorted(records, key=lambda record: record.time_ns)


def _fields(path: Path) -> list[tuple[int, ...]]:
    content = path.read_bytes()
    whole = len(content) // RECORD.size * RECORD.size
    return list(RECORD.iter_unpack(content[:whole]))
