"""Forward TCP connections to one server, each direction a fixed time later.

Run as a program of its own: ``forwarder.py HARNESS_PID HOST PORT DELAY_SECONDS``. It listens on a
free port of 127.0.0.1, says the number in a line on its standard output, and ends when its
standard input does or its parent is gone, however the parent ends.

Delays are pipelined: a chunk waits for its own time only, so order and throughput stay what they
were. A connection costs a round trip before its first byte, as a handshake does. The end of a
stream is forwarded as an end, in its turn, and a reset as a reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import select
import selectors
import socket
import struct
import sys
from collections import deque
from typing import Final, cast

CONNECT_SECONDS: Final = 10.0
"""A server that takes longer to accept a connection is taken for unreachable."""

IN_FLIGHT_BYTES: Final = 16 << 20
"""One direction of one connection holds at most about this much; then its sender has to wait."""

_WATCH_SECONDS: Final = 0.5
_PR_SET_TIMERSLACK: Final = 29
_END: Final = b""


class Side(asyncio.Protocol):
    """One end of a connection: what it receives, the opposite end writes a delay later."""

    def __init__(self, delay_seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._delay_seconds = delay_seconds
        self._opposite: Side | None = None
        self._transport: asyncio.Transport | None = None
        # (when to write it, what to write): _END for an end, None for a reset.
        self._in_flight: deque[tuple[float, bytes | None]] = deque()
        self._in_flight_bytes = 0
        self._has_ended = False
        self._is_opposite_blocked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep still until the opposite end is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.pause_reading()

    def face(self, opposite: Side) -> None:
        """Learn where to write, and start to read."""
        self._opposite = opposite
        self._read_or_wait()

    def data_received(self, data: bytes) -> None:
        """Note a chunk with the time at which it is due."""
        self._in_flight_bytes += len(data)
        self._put(data)
        if self._in_flight_bytes > IN_FLIGHT_BYTES:
            self._read_or_wait()

    def eof_received(self) -> bool:
        """Note the end of the stream, and go on in the other direction."""
        self._put(_END)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Note a reset; an end in both directions needs no note."""
        if error is not None:
            self._put(None)

    def pause_writing(self) -> None:
        """Have the opposite end read no more: this one cannot get rid of it."""
        self._throttle(is_blocked=True)

    def resume_writing(self) -> None:
        """Have the opposite end read again."""
        self._throttle(is_blocked=False)

    def reset(self) -> None:
        """End the connection as a crash does, without a goodbye."""
        if self._transport is None:
            return
        with contextlib.suppress(OSError):
            end = cast("socket.socket", self._transport.get_extra_info("socket"))
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _put(self, data: bytes | None) -> None:
        due = self._loop.time() + self._delay_seconds
        self._in_flight.append((due, data))
        if len(self._in_flight) == 1:
            self._loop.call_at(due, self._deliver)

    def _deliver(self) -> None:
        now = self._loop.time()
        was_full = self._in_flight_bytes > IN_FLIGHT_BYTES
        while self._in_flight and self._in_flight[0][0] <= now:
            data = self._in_flight.popleft()[1]
            self._in_flight_bytes -= len(data or _END)
            self._hand_over(data)
        if self._in_flight:
            self._loop.call_at(self._in_flight[0][0], self._deliver)
        if was_full:
            self._read_or_wait()

    def _hand_over(self, data: bytes | None) -> None:
        assert self._opposite is not None  # noqa: S101 - nothing is read before it is there
        if data is None:
            self._opposite.reset()
        elif data == _END:
            self._has_ended = True
            self._opposite.end(is_last=self._opposite.has_ended)
            if self._opposite.has_ended:
                self.end(is_last=True)
        else:
            self._opposite.write(data)

    @property
    def has_ended(self) -> bool:
        """Whether everything that this end ever sends was handed over."""
        return self._has_ended

    def write(self, data: bytes) -> None:
        """Send a chunk; one for a connection that is gone has no effect."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def end(self, *, is_last: bool) -> None:
        """Send the end of the stream; the last of the two ends closes the connection."""
        if self._transport is None or self._transport.is_closing():
            return
        if is_last:
            self._transport.close()
        else:
            self._transport.write_eof()

    def _throttle(self, *, is_blocked: bool) -> None:
        if self._opposite is not None:
            self._opposite.hold(is_blocked=is_blocked)

    def hold(self, *, is_blocked: bool) -> None:
        """Stop reading while the opposite end is blocked."""
        self._is_opposite_blocked = is_blocked
        self._read_or_wait()

    def _read_or_wait(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._is_opposite_blocked or self._in_flight_bytes > IN_FLIGHT_BYTES:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


class Forwarder:
    """Accepts connections and opens one to the server for each."""

    def __init__(self, host: str, port: int, delay_seconds: float) -> None:
        self._host, self._port, self._delay_seconds = host, port, delay_seconds
        self._openings: set[asyncio.Task[None]] = set()

    def accept(self) -> Side:
        """Make the client's end and begin to open the server's."""
        near = Side(self._delay_seconds)
        opening = asyncio.ensure_future(self._open(near))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)
        return near

    async def _open(self, near: Side) -> None:
        if self._delay_seconds:
            await asyncio.sleep(2 * self._delay_seconds)
        loop = asyncio.get_running_loop()
        try:
            _, far = await asyncio.wait_for(
                loop.create_connection(self._far_side, self._host, self._port), CONNECT_SECONDS
            )
        except OSError:
            near.reset()
            return
        near.face(far)
        far.face(near)

    def _far_side(self) -> Side:
        return Side(self._delay_seconds)


class PreciseSelector(selectors.DefaultSelector):
    """Waits to the microsecond: epoll alone rounds up to the next millisecond."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for the first of an event and the timeout."""
        if sys.platform != "linux" or not timeout or timeout < 0:
            return super().select(timeout)
        select.select([self.fileno()], [], [], timeout)
        return super().select(0)


async def forward(harness: int, forwarder: Forwarder) -> None:
    """Forward until the harness is gone, or closes our standard input."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(forwarder.accept, "127.0.0.1", 0, backlog=512)
    is_over = asyncio.Event()
    loop.add_reader(0, is_over.set)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    while os.getppid() == harness and not is_over.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), _WATCH_SECONDS)


def main() -> None:
    """Forward as the arguments say."""
    harness, host, port, delay_seconds = sys.argv[1:]
    if sys.platform == "linux":
        # Else the kernel may wake us 50 microseconds late.
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)

    async def _main() -> None:
        await forward(int(harness), Forwarder(host, int(port), float(delay_seconds)))

    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_main())


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(PreciseSelector())


if __name__ == "__main__":
    main()
