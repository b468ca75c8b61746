"""What a child is doing right now, in memory that it shares with its supervisor.

A message for each start would wake the supervisor for each task. This costs nothing, and it is
still there when the child has been killed.
"""

from __future__ import annotations

import mmap
import struct
import time
from typing import Final

_ID: Final = struct.Struct("=q")
_TIME: Final = struct.Struct("=d")
_NOTHING: Final = 0


class Progress:
    """One writer, the child, and one reader, its supervisor; made before the fork."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    def begin(self, task_id: int) -> None:
        """Say that a task begins now, by the monotonic clock, which all processes share."""
        # The time goes first: who reads in between takes the former task for one just begun.
        _TIME.pack_into(self._memory, _ID.size, time.monotonic())
        _ID.pack_into(self._memory, 0, task_id)

    def end(self) -> None:
        """Say that nothing runs."""
        _ID.pack_into(self._memory, 0, _NOTHING)

    def running(self) -> int | None:
        """Return the id of the task that has begun and has not ended, or None."""
        (task_id,) = _ID.unpack_from(self._memory)
        return task_id or None

    def since(self) -> float:
        """Return when the last task began, by the monotonic clock."""
        (seconds,) = _TIME.unpack_from(self._memory, _ID.size)
        return float(seconds)
