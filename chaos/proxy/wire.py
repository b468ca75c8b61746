"""What the proxy wants to know of a database's protocol, whichever it is.

A wire reads both directions of one connection. It understands enough to tell which statements the
server is answering, and when it has answered them completely; what it does not understand it hands
on as it came.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, NamedTuple
from typing import Protocol as Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

Protocol = Literal["postgresql", "mysql", "mariadb"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything that a server says to one request, seen to its end.

    Attributes:
        statements: the SQL of the request, of a pipeline all of it.
        said: what the server said last.
        is_ok: no part of it was an error.
        is_committed: a transaction was committed by it, or its statements by themselves.
        is_over: after it, no transaction is open.
    """

    statements: Sequence[str]
    said: str
    is_ok: bool
    is_committed: bool
    is_over: bool


class Piece(NamedTuple):
    """Bytes from the server, which belong together.

    Attributes:
        statements: the SQL that the server is answering.
        answer: the answer that is complete with this piece.
        is_awaited: the client may wait for this piece before it sends the rest of its request.
    """

    data: bytes
    statements: Sequence[str] = ()
    answer: Answer | None = None
    is_awaited: bool = False
    is_notification: bool = False


class Wire(Interface):
    """One connection's protocol."""

    def from_client(self, data: bytes) -> tuple[bytes, bytes]:
        """Read what the client sent; return what to forward, and what to answer ourselves."""

    def from_server(self, data: bytes) -> Sequence[Piece]:
        """Read what the server sent; return what to forward, in order."""

    def rest_of_client(self) -> bytes:
        """Return what was kept back of the client's bytes, at their end."""

    def rest_of_server(self) -> bytes:
        """Return what was kept back of the server's bytes, at their end."""
