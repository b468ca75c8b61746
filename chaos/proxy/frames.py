"""Split a stream into the messages of a protocol, however the stream is chunked.

Every byte comes out again, once and in order; at most a header that is not complete is kept back.
Of a long message only the beginning is collected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY_LIMIT: Final = 64 << 10
ENDLESS: Final = 1 << 62
"""The size of a message whose header makes no sense: all that follows belongs to it."""


class Frames:
    """Messages with a header of fixed size that tells the size of the body behind it."""

    def __init__(self, header_size: int, body_size: Callable[[bytes], int]) -> None:
        self.header_size = header_size
        self.rest = b""
        self._body_size = body_size
        self._header = b""
        self._body = bytearray()
        self._missing = 0

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes, bytes | None]]:
        """Yield bytes as they came, the header of their message and, with its last, its body."""
        data, self.rest = self.rest + data, b""
        begin = 0
        while begin < len(data):
            end = self._advance(data, begin)
            if not self._header:
                self.rest = data[begin:]
                return
            header, body = self._header, self._completed()
            yield data[begin:end], header, body
            begin = end

    def _advance(self, data: bytes, at: int) -> int:
        if not self._header:
            header = data[at : at + self.header_size]
            if len(header) < self.header_size:
                return at
            self._header, self._missing = header, self._body_size(header)
            at += self.header_size
        taken = min(self._missing, len(data) - at)
        room = BODY_LIMIT - len(self._body)
        self._body += data[at : at + min(taken, room)]
        self._missing -= taken
        return at + taken

    def _completed(self) -> bytes | None:
        if self._missing:
            return None
        body = bytes(self._body)
        self._header, self._body = b"", bytearray()
        return body
