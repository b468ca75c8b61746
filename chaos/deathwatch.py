"""Sees a process die, whoever its parent is."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import Final, Self

POLL_SECONDS: Final = 0.002


class DeathWatch:
    """One process, held so that its pid cannot come to mean another one.

    On Linux a pidfd does that; elsewhere the pid is polled, which is as good while the process's
    parent has not waited for it.
    """

    def __init__(self, pid: int) -> None:
        """Hold the process; ``is_dead`` at once if there is none."""
        self.pid = pid
        self._descriptor: int | None = None
        self._was_gone = False
        try:
            if hasattr(os, "pidfd_open"):
                self._descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._was_gone = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the process; nothing may be asked any more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def kill(self) -> None:
        """Send SIGKILL, unless it is dead."""
        if self._was_gone:
            return
        try:
            if self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
            else:
                os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            self._was_gone = True

    def is_dead(self, seconds: float = 0.0) -> bool:
        """Wait up to ``seconds`` for its death and tell whether it is dead."""
        if self._was_gone:
            return True
        if self._descriptor is not None:
            # Not select(), which knows no descriptor above 1023.
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            return bool(poll.poll(seconds * 1000.0))
        return self._poll(seconds)

    def _poll(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
