"""One connection of a client through the proxy to the server, and what toxics do to it.

Chunks, ends and resets arrive at the other end as they are, in order, unless a toxic is applied.
An end that is slow to read makes the other one wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Final, cast

from chaos.proxy.lane import END, Lane
from chaos.proxy.mysqlwire import MySQLWire
from chaos.proxy.pgwire import PostgreSQLWire
from chaos.proxy.statements import LoseAnswers, Transaction
from chaos.proxy.toxics import Blackhole, Cut, DropNotifications

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.proxy.toxics import Toxics
    from chaos.proxy.wire import Piece, Protocol, Wire

CONNECT_SECONDS: Final = 10.0
WITHHELD_BYTES: Final = 1 << 20
"""Of an answer that may have to be lost, at most the last part of this size is kept back."""

_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Side(asyncio.Protocol):
    """One end of a connection."""

    def __init__(self, link: Link, toxics: Toxics) -> None:
        self._link = link
        self._transport: asyncio.Transport | None = None
        self._is_opposite_slow = False
        self.lane = Lane(toxics, self._hand_over)
        self.has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep still until the other end is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.pause_reading()
        self._link.connected(self)

    def data_received(self, data: bytes) -> None:
        """Hand a chunk over."""
        self.lane.put(data)
        self.read()

    def eof_received(self) -> bool:
        """Hand the end over, and stay open for the other direction."""
        self.lane.put(END)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Hand a reset over; that the connection was closed on purpose is known already."""
        self._transport = None
        if error is not None:
            self.lane.put(None)

    def pause_writing(self) -> None:
        """Have the other end wait."""
        self._link.opposite(self).wait_for_us(is_slow=True)

    def resume_writing(self) -> None:
        """Have the other end go on."""
        self._link.opposite(self).wait_for_us(is_slow=False)

    def wait_for_us(self, *, is_slow: bool) -> None:
        """Read no more while the other end cannot get rid of what is there."""
        self._is_opposite_slow = is_slow
        self.read()

    def read(self) -> None:
        """Read on, unless too much is on its way already."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._is_opposite_slow or self.lane.is_full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Send a chunk; to an end that is gone, nothing."""
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def write_end(self) -> None:
        """Send the end of the stream."""
        if self._transport is not None and not self._transport.is_closing():
            # The other end may have reset the connection, which we are about to hear.
            with contextlib.suppress(OSError):
                self._transport.write_eof()

    def close(self) -> None:
        """Close when everything is sent."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """End with RST, whatever is still to be sent."""
        self.lane.close()
        if self._transport is not None:
            own = cast("socket.socket", self._transport.get_extra_info("socket"))
            with contextlib.suppress(OSError):
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._transport.abort()

    def client_port(self) -> int:
        """Return the port at the far end."""
        name = self._transport and self._transport.get_extra_info("peername")
        return int(name[1]) if name else 0

    def _hand_over(self, data: bytes | None) -> None:
        self._link.hand_over(self, data)
        self.read()


class Link:
    """Both ends of a connection, and what the proxy understood of it."""

    def __init__(
        self,
        name: Protocol,
        toxics: Toxics,
        *,
        on_accepted: Callable[[Link], None],
        on_end: Callable[[Link], None],
    ) -> None:
        self._toxics = toxics
        self._wire: Wire = PostgreSQLWire() if name == "postgresql" else MySQLWire()
        self._transaction = Transaction()
        self._withheld = bytearray()
        self._on_accepted, self._on_end = on_accepted, on_end
        self._opening: asyncio.Task[None] | None = None
        self.is_over = False
        self.near = Side(self, toxics)
        self._far = Side(self, toxics)

    def connected(self, side: Side) -> None:
        """Begin when the client is there; let both speak when the server is there too."""
        if side is self.near:
            self._on_accepted(self)
        else:
            self.near.read()
            self._far.read()

    def open(self, host: str, port: int) -> None:
        """Connect to the server; if it does not let us, the client gets a reset."""
        self._opening = asyncio.get_running_loop().create_task(self._open(host, port))

    def opposite(self, side: Side) -> Side:
        """Return the other end."""
        return self._far if side is self.near else self.near

    def hurry(self) -> None:
        """Hand over what was delayed."""
        self.near.lane.hurry()
        self._far.lane.hurry()

    def reset(self) -> None:
        """End both ends with RST."""
        if self._opening is not None:
            self._opening.cancel()
        self.near.reset()
        self._far.reset()
        self._finish()

    def hand_over(self, side: Side, data: bytes | None) -> None:
        """Give one end what the other one said."""
        if self.is_over:
            return
        for blackhole in self._toxics.of(Blackhole):
            blackhole.swallow(self, len(data or END))
            return
        if data is None:
            self.reset()
        elif data == END:
            self._end(side)
        else:
            self._forward(self.opposite(side), self._read(side, data))

    async def _open(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.create_connection(lambda: self._far, host, port)
        except OSError:
            self._opening = None
            self.reset()

    def _end(self, side: Side) -> None:
        rest = self._wire.rest_of_client() if side is self.near else self._rest_of_server()
        other = self.opposite(side)
        other.write(rest)
        side.has_ended = True
        if not other.has_ended:
            other.write_end()
            return
        side.close()
        other.close()
        self._finish()

    def _finish(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._on_end(self)

    def _rest_of_server(self) -> bytes:
        return bytes(self._withheld) + self._wire.rest_of_server()

    def _read(self, side: Side, data: bytes) -> bytes:
        """Have the wire read the data; return what is to be forwarded."""
        if side is self.near:
            forward, answer = self._wire.from_client(data)
            self.near.write(answer)
            return forward
        return b"".join(map(self._judged, self._wire.from_server(data)))

    def _judged(self, piece: Piece) -> bytes:
        for toxic in self._toxics.of(DropNotifications) if piece.is_notification else ():
            toxic.dropped += 1
            return b""
        rules = self._toxics.of(LoseAnswers)
        if piece.answer is not None:
            if self._transaction.judge(rules, piece.answer, self.near.client_port()):
                self._withheld.clear()
                self.reset()
                return b""
        elif self._transaction.may_lose(rules, piece) and len(self._withheld) < WITHHELD_BYTES:
            self._withheld += piece.data
            return b""
        data = bytes(self._withheld) + piece.data
        self._withheld.clear()
        return data

    def _forward(self, side: Side, data: bytes) -> None:
        if self.is_over or not data:
            return
        for cut in self._toxics.of(Cut):
            passing = cut.take(self, len(data))
            if passing is not None:
                side.write(data[:passing])
                self.reset()
                return
        side.write(data)
