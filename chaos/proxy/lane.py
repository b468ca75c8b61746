"""One direction of a connection: what one end says is handed over in order, when it is due.

Without a toxic that delays, it is handed over at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from chaos.proxy.toxics import Bandwidth, Latency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaos.proxy.toxics import Toxics

IN_FLIGHT_BYTES: Final = 1 << 20
"""A lane that holds more than about this much makes its sender wait."""

END: Final = b""
"""What stands for the end of a stream; None stands for a reset."""


class Lane:
    """A queue of chunks, each with the time at which it is due."""

    def __init__(self, toxics: Toxics, hand_over: Callable[[bytes | None], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._toxics = toxics
        self._hand_over = hand_over
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._bytes = 0
        self._free_at = self._last_due = 0.0

    @property
    def is_full(self) -> bool:
        """Whether its sender has to wait."""
        return self._bytes > IN_FLIGHT_BYTES

    def put(self, data: bytes | None) -> None:
        """Hand a chunk over when it is due: at once, or later."""
        now = self._loop.time()
        for part in self._parts(data):
            due = self._due(part, now)
            if not self._queue and due <= now:
                self._hand_over(part)
            else:
                self._queue.append((due, part))
                self._bytes += len(part or END)
        self._wait()

    def hurry(self) -> None:
        """Hand everything over now: what delayed it has healed."""
        self._free_at = self._last_due = 0.0
        self._hand_over_until(float("inf"))

    def close(self) -> None:
        """Lose what has not been handed over."""
        self._queue.clear()
        self._bytes = 0
        self._wait()

    def _parts(self, data: bytes | None) -> Iterator[bytes | None]:
        size = min((toxic.slice_bytes for toxic in self._toxics.of(Bandwidth)), default=0)
        if not data or not size:
            yield data
            return
        for at in range(0, len(data), size):
            yield data[at : at + size]

    def _due(self, part: bytes | None, now: float) -> float:
        size = len(part or END)
        taken = max((toxic.take(size) for toxic in self._toxics.of(Bandwidth)), default=0.0)
        self._free_at = max(self._free_at, now) + taken
        delay = sum(toxic.draw() for toxic in self._toxics.of(Latency))
        self._last_due = max(self._last_due, self._free_at + delay)
        return self._last_due

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._queue:
            self._timer = self._loop.call_at(self._queue[0][0], self._hand_over_due)

    def _hand_over_due(self) -> None:
        self._hand_over_until(self._loop.time())

    def _hand_over_until(self, when: float) -> None:
        while self._queue and self._queue[0][0] <= when:
            part = self._queue.popleft()[1]
            self._bytes -= len(part or END)
            self._hand_over(part)
        self._wait()
