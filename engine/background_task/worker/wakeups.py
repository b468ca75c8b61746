"""What ends the supervisor's waiting: a child that speaks, a child that died, a signal to stop."""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import time
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from background_task.worker.children import ChildProcess
    from background_task.worker.listening import Listener

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

    @property
    def doorbell(self) -> int:
        """The descriptor into which a child writes a byte to end the waiting."""
        return self._writer.fileno()

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

    def wait(
        self, children: Iterable[ChildProcess], seconds: float, listener: Listener | None = None
    ) -> bool:
        """Return when a child speaks or dies, when a signal comes, or after ``seconds``.

        A listener with news ends the waiting, too; the answer tells whether it has.
        """
        # The only one that needs no descriptor of its own: there may be none left.
        with selectors.PollSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            for child in children:
                events = child.events_to_wait_for()
                if events:
                    selector.register(child.channel, events)
            if listener is None:
                selector.select(seconds)
            has_news = listener is not None and _select_or_hear(selector, seconds, listener)
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(256):
                pass
        return has_news

    def _on_stop(self, *_: object) -> None:
        self.stop_requests += 1


def _select_or_hear(selector: selectors.BaseSelector, seconds: float, listener: Listener) -> bool:
    """Wait for the selector or for the listener; tell whether it was the listener.

    An idle worker spends its time here: asking the listener must cost next to nothing.
    """
    descriptor = listener.descriptor()
    if descriptor is not None:
        selector.register(descriptor, selectors.EVENT_READ)
    deadline = time.monotonic() + seconds
    while not listener.has_news():
        left = deadline - time.monotonic()
        ready = selector.select(min(max(0.0, left), listener.pause_seconds()))
        if left <= 0 or any(key.fd != descriptor for key, _ in ready):
            return False
    return True
