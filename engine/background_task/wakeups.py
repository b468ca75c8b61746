"""What ends the supervisor's waiting: a child that speaks, a child that died, a signal to stop."""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from background_task.children import ChildProcess

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Wakeups:
    """Signal handlers and the one place where the supervisor waits.

    Attributes:
        stop_requests: how many stop signals have come.
    """

    def __init__(self) -> None:
        self.stop_requests = 0
        self._reader, self._writer = socket.socketpair()
        self._former: dict[int, Any] = {}
        self._former_descriptor = -1

    def __enter__(self) -> Self:
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        # The interpreter writes each signal's number here, which ends the select below at once.
        self._former_descriptor = signal.set_wakeup_fd(
            self._writer.fileno(), warn_on_full_buffer=False
        )
        for number in STOP_SIGNALS:
            self._former[number] = signal.signal(number, self._on_stop)
        self._former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._former_descriptor)
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def wait(self, children: Iterable[ChildProcess], seconds: float) -> None:
        """Return when a child speaks or dies, when a signal comes, or after ``seconds``."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            for child in children:
                writable = selectors.EVENT_WRITE if child.has_unsent else 0
                selector.register(child.channel, selectors.EVENT_READ | writable)
            selector.select(seconds)
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(256):
                pass

    def _on_stop(self, *_: object) -> None:
        self.stop_requests += 1
