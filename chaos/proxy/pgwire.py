"""PostgreSQL's protocol, version 3: simple and extended queries, pipelines, COPY.

An answer ends with ReadyForQuery: only by then has a statement outside a transaction taken effect.
Encryption is refused, as a server without it refuses it.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import TYPE_CHECKING, Final

from chaos.proxy.frames import ENDLESS, Frames
from chaos.proxy.wire import Answer, Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENCRYPTION_REQUESTS: Final = {80877103, 80877104}
_LARGEST_STARTUP: Final = 10_000
_SIZE_BYTES: Final = 4
_LARGEST_MESSAGE: Final = 1 << 30
_REFUSED: Final = b"N"
_EXTENDED: Final = b"PBDECS"
_COPY_FROM_CLIENT: Final = b"GW"


@dataclasses.dataclass(slots=True)
class _Request:
    """What the server answers with one ReadyForQuery."""

    statements: list[str] = dataclasses.field(default_factory=list)
    tags: list[str] = dataclasses.field(default_factory=list)
    error: str | None = None
    # Until the client has written all of it, and while it sends a COPY, it may wait for us.
    is_awaited: bool = True


class PostgreSQLWire:
    """One connection, from its first byte."""

    def __init__(self) -> None:
        # The first message of a client has no type, unlike all others.
        self._client = Frames(4, _body_size)
        self._server = Frames(5, _body_size)
        self._is_started = False
        self._kept_from_server = b""
        self._kept_from_client = b""
        # The server ends its part of the start-up like an answer.
        self._requests = deque([_Request()])
        self._open: _Request | None = None
        self._prepared: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}

    def from_client(self, data: bytes) -> tuple[bytes, bytes]:
        """Take note of requests; answer a request for encryption."""
        forward, answer = bytearray(), b""
        for raw, header, body in self._client.feed(data):
            if self._is_started:
                forward += raw
                if body is not None:
                    self._note(header[:1], body)
            else:
                started, reply = self._start(raw, body)
                forward += started
                answer += reply
        return bytes(forward), answer

    def from_server(self, data: bytes) -> Sequence[Piece]:
        """Cut the stream at notifications and behind each ReadyForQuery."""
        pieces: list[Piece] = []
        part = bytearray()
        for raw, header, body in self._server.feed(data):
            kind = header[:1]
            if kind == b"A":
                self._kept_from_server += raw
                if body is not None:
                    pieces += [self._piece(part), self._notification()]
                    part = bytearray()
                continue
            part += raw
            if body is not None and (answer := self._hear(kind, body)):
                pieces.append(Piece(bytes(part), answer.statements, answer))
                part = bytearray()
        return [piece for piece in (*pieces, self._piece(part)) if piece.data]

    def rest_of_client(self) -> bytes:
        """Return a message or header that never became complete."""
        return self._kept_from_client + self._client.rest

    def rest_of_server(self) -> bytes:
        """Return a notification or header that never became complete."""
        return self._kept_from_server + self._server.rest

    def _start(self, raw: bytes, body: bytes | None) -> tuple[bytes, bytes]:
        kept = self._kept_from_client + raw
        if body is None and len(kept) <= _LARGEST_STARTUP:
            self._kept_from_client = kept
            return b"", b""
        self._kept_from_client = b""
        if body is not None and int.from_bytes(body[:4], "big") in _ENCRYPTION_REQUESTS:
            return b"", _REFUSED
        self._is_started = True
        self._client.header_size = 5
        return kept, b""

    def _note(self, kind: bytes, body: bytes) -> None:
        """Understand a client's message."""
        if kind in (b"Q", b"F"):
            self._request().statements.append(_text(body.rstrip(b"\0")) if kind == b"Q" else "")
            self._close()
        elif kind in _EXTENDED:
            self._note_extended(self._request(), kind, body)

    def _note_extended(self, request: _Request, kind: bytes, body: bytes) -> None:
        first, _, behind = body.partition(b"\0")
        match kind:
            case b"P":
                self._prepared[first] = _text(behind.partition(b"\0")[0])
            case b"B":
                self._portals[first] = self._prepared.get(behind.partition(b"\0")[0], "")
            case b"E":
                request.statements.append(self._portals.get(first, ""))
            case b"C" if first[:1] == b"S":
                self._prepared.pop(first[1:], None)
            case b"S":
                self._close()

    def _request(self) -> _Request:
        """Return the request that the client is writing."""
        if self._open is None:
            self._open = _Request()
            self._requests.append(self._open)
        return self._open

    def _close(self) -> None:
        self._request().is_awaited = False
        self._open = None

    def _hear(self, kind: bytes, body: bytes) -> Answer | None:
        """Understand a server's message."""
        if not self._requests:
            return None
        request = self._requests[0]
        if kind == b"C":
            request.tags.append(_text(body.rstrip(b"\0")))
        elif kind == b"E":
            request.error = _sqlstate(body)
        elif kind in _COPY_FROM_CLIENT:
            request.is_awaited = True
        elif kind == b"Z":
            self._requests.popleft()
            return _answer(request, is_over=body == b"I")
        return None

    def _piece(self, part: bytearray) -> Piece:
        if not self._requests:
            return Piece(bytes(part))
        request = self._requests[0]
        return Piece(bytes(part), request.statements, is_awaited=request.is_awaited)

    def _notification(self) -> Piece:
        data, self._kept_from_server = self._kept_from_server, b""
        statements = self._requests[0].statements if self._requests else ()
        return Piece(data, statements, is_notification=True)


def _answer(request: _Request, *, is_over: bool) -> Answer:
    # COMMIT of a failed transaction is answered with ROLLBACK, and without an error.
    is_rolled_back = request.tags[-1:] == ["ROLLBACK"]
    return Answer(
        statements=tuple(request.statements),
        said=request.error or ", ".join(request.tags),
        is_ok=request.error is None,
        is_committed=request.error is None
        and ("COMMIT" in request.tags or (is_over and not is_rolled_back)),
        is_over=is_over,
    )


def _body_size(header: bytes) -> int:
    size = int.from_bytes(header[-4:], "big")
    return size - _SIZE_BYTES if _SIZE_BYTES <= size < _LARGEST_MESSAGE else ENDLESS


def _sqlstate(body: bytes) -> str:
    fields = (_text(field) for field in body.split(b"\0"))
    return next((f"ERROR {field[1:]}" for field in fields if field[:1] == "C"), "ERROR")


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
