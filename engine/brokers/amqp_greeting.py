"""The first words of AMQP 0-9-1, by which a broker shows that it serves, and what it is.

RabbitMQ opens its port as the last thing of its start, after its queues and its users are there,
so that a broker which greets can be used. ``Connection.Start`` is the only frame that is read.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_HEADER: Final = b"AMQP\x00\x00\x09\x01"
_FRAME: Final = struct.Struct(">BHI")
_METHOD: Final = 1
_CONNECTION_START: Final = struct.pack(">HH", 10, 10)
_VERSIONS: Final = b"\x00\x09"


def greeting(host: str, port: int, patience_seconds: float) -> dict[str, Any]:
    """Return the server's properties, such as ``product`` and ``version``.

    Raises:
        OSError: nobody answers, or not as AMQP 0-9-1 has it.
    """
    with socket.create_connection((host, port), timeout=patience_seconds) as connection:
        connection.sendall(_HEADER)
        with connection.makefile("rb") as answer:
            kind, _, size = _FRAME.unpack(_exactly(answer.read, _FRAME.size))
            return _properties(kind, _exactly(answer.read, size))


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    content = read(size)
    if len(content) < size:
        raise ConnectionError("The broker closed the connection instead of greeting.")
    return content


def _properties(kind: int, payload: bytes) -> dict[str, Any]:
    start = _CONNECTION_START + _VERSIONS
    if kind != _METHOD or not payload.startswith(start):
        raise ConnectionError("What listens there does not speak AMQP 0-9-1.")
    return _table(_Reader(payload[len(start) :]).long_string())


class _Reader:
    """Reads fields off a payload, in their order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def is_at_end(self) -> bool:
        return self._at >= len(self._content)

    def take(self, size: int) -> bytes:
        self._at += size
        return self._content[self._at - size : self._at]

    def short_string(self) -> str:
        return self.take(self.take(1)[0]).decode()

    def long_string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))


def _table(content: bytes) -> dict[str, Any]:
    """Read a table of the field types that a greeting has: strings, booleans and tables."""
    reader = _Reader(content)
    table: dict[str, Any] = {}
    while not reader.is_at_end():
        name = reader.short_string()
        match reader.take(1):
            case b"S":
                table[name] = reader.long_string().decode()
            case b"t":
                table[name] = reader.take(1) != b"\x00"
            case b"F":
                table[name] = _table(reader.long_string())
            case other:
                raise ConnectionError(f"The broker's greeting has a field of the type {other!r}.")
    return table
