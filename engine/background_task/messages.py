"""What a supervisor and its children say to each other: one JSON array a line, over a socket.

Supervisor to child::

    [[id, token, attempt, max_attempts, task_name, task_params], ...]    run these, in this order

Child to supervisor::

    ["started", id]
    ["finished", id, result]       result is JSON text, or null
    ["failed", id, error]          error is a traceback
    ["returned", [id, ...]]        these were not started and will not be
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Message = list[Any]


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
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            yield json.loads(line)
