"""What a supervisor and its children say to each other: one JSON array a line, over a socket.

Supervisor to child, to be run in this order, each a claim's fields in their order::

    [[id, token, attempt, max_attempts, ...], ...]

Child to supervisor, each before the next task begins, the fields of a ``Finished`` or ``Failed``::

    ["finished", id, ...]
    ["failed", id, ...]
    ["returned", [id, ...]]     these were not started and will not be
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final

from background_task.outcomes import Failed, Finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.attempt import Ended
    from background_task.claims import Claim

Message = list[Any]

_ENDS: Final[dict[str, type[Finished | Failed]]] = {"finished": Finished, "failed": Failed}
_END_FIELDS: Final = {
    kind: tuple(field.name for field in dataclasses.fields(kind) if field.name != "claim")
    for kind in _ENDS.values()
}


def end_message(ended: Ended) -> Message:
    """Return what a supervisor has to know of an attempt's end."""
    kind = type(ended)
    values = [getattr(ended, name) for name in _END_FIELDS[kind]]
    return [kind.__name__.lower(), ended.claim.id, *values]


def end_of(claim: Claim, message: Message) -> Ended:
    """Return the end of the claim again."""
    word, _, *values = message
    kind = _ENDS[word]
    return kind(claim=claim, **dict(zip(_END_FIELDS[kind], values, strict=True)))


def to_line(message: Message) -> bytes:
    """Return the message as one line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class LineBuffer:
    """Puts messages together from the pieces that a stream delivers.

    A piece without its end is kept: a process that was killed while it wrote leaves a last line
    that never becomes a message.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Message]:
        """Yield the messages that ``piece`` completes."""
        lines, newline, self._rest = (self._rest + piece).rpartition(b"\n")
        if newline:
            # One array of all of them is read at the price of one.
            yield from json.loads(f"[{lines.decode().replace(chr(10), ',')}]")
