"""What a supervisor and its children say to each other: one JSON array a line, over a socket.

Supervisor to child, to be run in this order, each a claim's fields in their order::

    [[id, token, attempt, max_attempts, ...], ...]

Child to supervisor, each before the next task begins::

    ["finished", id, result, seconds]     result is JSON text, or null
    ["recorded", id, seconds]             finished, and written to the database by the child
    ["failed", id, error, exception, retry_in, is_final, seconds]
    ["returned", [id, ...]]               these were not started and will not be
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from background_task.attempt import Recorded
from background_task.claims import Claim
from background_task.outcomes import Failed, Finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.attempt import Ended

Message = list[Any]

_CLAIM_FIELDS = tuple(field.name for field in dataclasses.fields(Claim))


def claim_message(claim: Claim) -> Message:
    """Return what a child has to know of a claim."""
    return [getattr(claim, name) for name in _CLAIM_FIELDS]


def claim_of(message: Message) -> Claim:
    """Return the claim again."""
    return Claim(**dict(zip(_CLAIM_FIELDS, message, strict=True)))


def end_message(ended: Ended) -> Message:
    """Return what a supervisor has to know of an attempt's end."""
    id_ = ended.claim.id
    match ended:
        case Finished():
            return ["finished", id_, ended.result, ended.seconds]
        case Recorded():
            return ["recorded", id_, ended.seconds]
        case Failed():
            how = [ended.error, ended.exception, ended.retry_in, ended.is_final, ended.seconds]
            return ["failed", id_, *how]


def end_of(claim: Claim, message: Message) -> Ended:
    """Return the end of the claim that such a message tells of."""
    match message:
        case ["finished", _, result, seconds]:
            return Finished(claim=claim, result=result, seconds=seconds)
        case ["recorded", _, seconds]:
            return Recorded(claim=claim, seconds=seconds)
        case ["failed", _, error, exception, retry_in, is_final, seconds]:
            return Failed(
                claim=claim,
                error=error,
                exception=exception,
                retry_in=retry_in,
                is_final=is_final,
                seconds=seconds,
            )
    raise ValueError(f"a child said {message!r:.80}, which means nothing")


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
