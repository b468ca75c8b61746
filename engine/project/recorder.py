"""Writes ops of this process into the history of the run.

One append-only file per process, one ``os.write`` per line: a line that was written survives the
death of its process, and no two processes share a file. ``docs/history.md`` lists the words.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

HISTORY = "KILLPROOF_HISTORY"
"""The environment variable that names the folder of the history; without it nothing is written."""


class Recorder:
    """Writes the ops of one process, ``<role>-<pid>``."""

    def __init__(self, folder: Path, role: str) -> None:
        self.process = f"{role}-{os.getpid()}"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._descriptor = os.open(folder / f"{self.process}.ndjson", flags, 0o644)

    def write(self, type_: str, f: str, **fields: Any) -> None:
        """Write one op; fields that are None are left out.

        Its time is now and its process this one, unless the fields say otherwise: an observer
        may speak for what it observed.
        """
        op = {
            "time": time.monotonic_ns(),
            "process": self.process,
            "type": type_,
            "f": f,
            **{name: value for name, value in fields.items() if value is not None},
        }
        os.write(self._descriptor, json.dumps(op).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def recorder(role: str) -> Recorder | None:
    """Return this process's recorder for ``role``, or None if no history is being written.

    A forked process gets its own: the pid is part of what is remembered.
    """
    folder = os.environ.get(HISTORY)
    return _recorder(folder, role, os.getpid()) if folder else None


@functools.lru_cache(maxsize=4)
def _recorder(folder: str, role: str, _pid: int) -> Recorder:
    return Recorder(Path(folder), role)


def is_first_time(key: str) -> bool:
    """Tell whether nobody asked this about ``key`` before in this run, atomically."""
    folder = os.environ.get(HISTORY)
    if folder is None:
        return False
    try:
        os.close(os.open(Path(folder).parent / "marks" / key, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def digest(args: Any) -> str:
    """Return a short text that stands for the arguments of a call: equal if they are."""
    canonical = json.dumps(args, sort_keys=True, default=str).encode()
    return hashlib.sha256(canonical).hexdigest()[:12]
