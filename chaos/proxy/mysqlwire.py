"""The protocol of MySQL and MariaDB: commands, result sets, prepared statements, authentication.

Out of the server's greeting the proxy takes what it could not read: encryption, compression and
optional forms of the messages. So no client uses them; everything else passes as it is.
"""

from __future__ import annotations

import dataclasses
import re
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from chaos.proxy.frames import Frames
from chaos.proxy.wire import Answer, Piece

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_QUIT, _QUERY, _FIELD_LIST, _STATISTICS, _CHANGE_USER = 0x01, 0x03, 0x04, 0x09, 0x11
_PREPARE, _EXECUTE, _LONG_DATA, _STMT_CLOSE, _FETCH = 0x16, 0x17, 0x18, 0x19, 0x1C
_UNANSWERED: Final = {_QUIT, _LONG_DATA, _STMT_CLOSE}
_START_UP: Final = -1

_OK, _EOF, _ERROR = 0x00, 0xFE, 0xFF
_LONGEST_EOF: Final = 8
_IN_TRANSACTION, _MORE_RESULTS, _CURSOR_EXISTS = 0x01, 0x08, 0x40
_DEADLOCK: Final = 1213
"""The one common error that ends the whole transaction."""

_COMPRESS, _LOCAL_FILES, _ENCRYPT, _NO_EOF, _NO_METADATA, _ZSTD, _ATTRIBUTES = (
    *(1 << 5, 1 << 7, 1 << 11),
    *(1 << 24, 1 << 25, 1 << 26, 1 << 27),
)
_UNREADABLE: Final = (
    _COMPRESS | _LOCAL_FILES | _ENCRYPT | _NO_EOF | _NO_METADATA | _ZSTD | _ATTRIBUTES
)
_PROTOCOL_10: Final = 10
_LARGEST_GREETING: Final = 1024

_ROLLBACK: Final = re.compile(r"\s*rollback\b", re.IGNORECASE)


class _End(NamedTuple):
    """How an answer ended: the server's status, None where it says none, and an error's number."""

    status: int | None
    said: str
    error: int | None = None


@dataclasses.dataclass(slots=True, kw_only=True)
class _Command:
    code: int
    statement: str
    reading: Generator[None, bytes, _End]


class _Packets(Frames):
    """Packets, of which those of the largest size continue in the next one."""

    def __init__(self) -> None:
        super().__init__(4, lambda header: int.from_bytes(header[:3], "little"))

    def _completed(self) -> bytes | None:
        if not self._missing and self._header[:3] == b"\xff\xff\xff":
            self._header = b""
            return None
        return super()._completed()


class MySQLWire:
    """One connection, from its first byte."""

    def __init__(self) -> None:
        self._client = _Packets()
        self._server = _Packets()
        self._is_greeted = False
        self._kept_from_server = b""
        self._commands: deque[_Command] = deque()
        self._prepared: dict[int, str] = {}
        self._expect(_START_UP, "", _authentication())

    def from_client(self, data: bytes) -> tuple[bytes, bytes]:
        """Take note of commands."""
        for _, _, body in self._client.feed(data):
            if body and not self._is_authenticating():
                self._note(body[0], body[1:])
        # A server waits for whole packets, so what the framer keeps back need not be.
        return data, b""

    def from_server(self, data: bytes) -> Sequence[Piece]:
        """Cut the stream behind each complete answer."""
        pieces: list[Piece] = []
        part = bytearray()
        for raw, header, body in self._server.feed(data):
            part += raw if self._is_greeted else self._greet(raw, header, body)
            if body is not None and (answer := self._hear(body)):
                pieces.append(Piece(bytes(part), answer.statements, answer))
                part = bytearray()
        if part:
            statements = (self._commands[0].statement,) if self._commands else ()
            pieces.append(Piece(bytes(part), statements))
        return pieces

    def rest_of_client(self) -> bytes:
        """Return nothing: nothing is kept back."""
        return b""

    def rest_of_server(self) -> bytes:
        """Return a greeting or header that never became complete."""
        return self._kept_from_server + self._server.rest

    def _is_authenticating(self) -> bool:
        return bool(self._commands) and self._commands[0].code in (_START_UP, _CHANGE_USER)

    def _greet(self, raw: bytes, header: bytes, body: bytes | None) -> bytes:
        kept = self._kept_from_server + raw
        if body is None and len(kept) <= _LARGEST_GREETING:
            self._kept_from_server = kept
            return b""
        self._kept_from_server = b""
        self._is_greeted = True
        return kept if body is None else header + _readable(body)

    def _note(self, code: int, body: bytes) -> None:
        """Understand a client's command."""
        number = int.from_bytes(body[:4], "little")
        if code == _STMT_CLOSE:
            self._prepared.pop(number, None)
        if code in _UNANSWERED:
            return
        statement = self._prepared.get(number, "") if code == _EXECUTE else ""
        if code in (_QUERY, _PREPARE):
            statement = body.decode(errors="replace")
        self._expect(code, statement, self._reading(code, statement))

    def _reading(self, code: int, statement: str) -> Generator[None, bytes, _End]:
        if code == _CHANGE_USER:
            return _authentication()
        if code == _PREPARE:
            return self._preparation(statement)
        if code == _STATISTICS:
            return _one_packet()
        return _rows() if code in (_FIELD_LIST, _FETCH) else _results()

    def _preparation(self, statement: str) -> Generator[None, bytes, _End]:
        packet = yield
        if packet[:1] != bytes([_OK]):
            return _error(packet)
        self._prepared[int.from_bytes(packet[1:5], "little")] = statement
        for count in (packet[7:9], packet[5:7]):
            if any(count):
                yield from _rows()
        return _End(None, "prepared")

    def _expect(self, code: int, statement: str, reading: Generator[None, bytes, _End]) -> None:
        next(reading)
        self._commands.append(_Command(code=code, statement=statement, reading=reading))

    def _hear(self, packet: bytes) -> Answer | None:
        """Understand a server's packet."""
        if not self._commands:
            return None
        command = self._commands[0]
        try:
            command.reading.send(packet)
        except StopIteration as stopped:
            self._commands.popleft()
            return _answer(command, stopped.value)
        return None


def _answer(command: _Command, end: _End) -> Answer:
    is_statement = command.code in (_QUERY, _EXECUTE)
    is_idle = end.status is not None and not end.status & _IN_TRANSACTION
    return Answer(
        statements=(command.statement,) if is_statement else (),
        said=end.said,
        is_ok=end.error is None,
        is_committed=is_idle and is_statement and not _ROLLBACK.match(command.statement),
        is_over=is_idle or end.error == _DEADLOCK,
    )


def _authentication() -> Generator[None, bytes, _End]:
    """Read whatever two plugins say to each other, until the server lets the client in or not."""
    while True:
        packet = yield
        if packet[:1] == bytes([_OK]):
            return _ok(packet)
        if packet[:1] == bytes([_ERROR]):
            return _error(packet)


def _results() -> Generator[None, bytes, _End]:
    while True:
        packet = yield
        first = packet[0] if packet else _OK
        if first == _ERROR:
            return _error(packet)
        if first == _OK:
            end = _ok(packet)
        elif _is_eof(packet):
            end = _eof(packet)
        else:
            end = yield from _rows()
            if end.error is None and not (end.status or 0) & _CURSOR_EXISTS:
                end = yield from _rows()
        if end.error is not None or not (end.status or 0) & _MORE_RESULTS:
            return end


def _rows() -> Generator[None, bytes, _End]:
    """Read rows, or the definitions of columns, to their end."""
    while True:
        packet = yield
        if packet[:1] == bytes([_ERROR]):
            return _error(packet)
        if _is_eof(packet):
            return _eof(packet)


def _one_packet() -> Generator[None, bytes, _End]:
    yield
    return _End(None, "statistics")


def _is_eof(packet: bytes) -> bool:
    return packet[:1] == bytes([_EOF]) and len(packet) <= _LONGEST_EOF


def _eof(packet: bytes) -> _End:
    return _End(int.from_bytes(packet[3:5], "little"), "rows")


def _ok(packet: bytes) -> _End:
    affected, at = _number(packet, 1)
    _, at = _number(packet, at)
    return _End(int.from_bytes(packet[at : at + 2], "little"), f"OK, {affected} rows affected")


def _error(packet: bytes) -> _End:
    number = int.from_bytes(packet[1:3], "little")
    return _End(None, f"ERROR {number}", number)


def _number(packet: bytes, at: int) -> tuple[int, int]:
    """Read a number of one to nine bytes; return where the next thing begins."""
    first = packet[at] if at < len(packet) else 0
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first)
    if size is None:
        return first, at + 1
    return int.from_bytes(packet[at + 1 : at + 1 + size], "little"), at + 1 + size


def _readable(greeting: bytes) -> bytes:
    """Return a greeting that offers only what this module understands."""
    # Behind the version: thread, 8 bytes of salt, a filler, the lower capabilities, character
    # set, status, the upper capabilities, length of the salt, 6 unused bytes, MariaDB's own.
    lower = greeting.find(b"\0") + 1 + 4 + 8 + 1
    upper, own = lower + 5, lower + 14
    if greeting[:1] != bytes([_PROTOCOL_10]) or len(greeting) < own + 4:
        return greeting
    changed = bytearray(greeting)
    for at, mask in ((lower, _UNREADABLE & 0xFFFF), (upper, _UNREADABLE >> 16)):
        offered = int.from_bytes(greeting[at : at + 2], "little")
        changed[at : at + 2] = (offered & ~mask).to_bytes(2, "little")
    changed[own : own + 4] = bytes(4)
    return bytes(changed)
