"""What happened in a race or at a crash point, as those know it who were told: no more.

Sessions take their steps one at a time, so the events are in their true order. What a session that
was killed did last, it told nobody: the judge asks the tables.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from properties.interleaving.clock import Clock


class Claim(Protocol):
    """What a story tells of a claim."""

    @property
    def id(self) -> int:
        """The row."""
        ...

    @property
    def token(self) -> int:
        """Greater than that of any claim of the row before it."""
        ...

    @property
    def attempt(self) -> int:
        """Counted from 1."""
        ...

    @property
    def max_attempts(self) -> int | None:
        """How many there may be."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that somebody was told.

    Attributes:
        what: enqueued, duplicate, aborted, claimed, started, effect, finished, failed, released,
            renewed, stale or reaped.
        row: the task's.
        token: of the claim, where there is one.
        at: seconds of the schedule's clock.
        by: whose claim it is.
    """

    what: str
    row: int
    token: int | None = None
    attempt: int | None = None
    max_attempts: int | None = None
    lease: float = 0.0
    at: int = 0
    by: str = ""


class Story:
    """The events of one play, in their order.

    Attributes:
        unheard: whose last answer nobody heard.
        calling: producers whose call is not answered.
    """

    def __init__(self, clock: Clock) -> None:
        self.events: list[Event] = []
        self.unheard: set[str] = set()
        self.calling: set[str] = set()
        self._clock = clock

    @contextlib.contextmanager
    def call(self, producer: str) -> Iterator[None]:
        """Note that a producer calls; one that does not come to the end of it goes on calling."""
        self.calling.add(producer)
        yield
        self.calling.discard(producer)

    def tell(self, what: str, row: int, *, by: str = "") -> None:
        """Tell what became of a row."""
        self.events.append(Event(what=what, row=row, at=self._clock.seconds, by=by))

    def tell_of(self, what: str, claim: Claim, *, by: str, lease: float = 0.0) -> None:
        """Tell what was done under a claim."""
        event = Event(
            what=what,
            row=claim.id,
            token=claim.token,
            attempt=claim.attempt,
            max_attempts=claim.max_attempts,
            lease=lease,
            at=self._clock.seconds,
            by=by,
        )
        self.events.append(event)

    def of(self, *whats: str) -> list[Event]:
        """Return the events of these kinds."""
        return [event for event in self.events if event.what in whats]

    def rows(self) -> list[int]:
        """Return every row that was told of, in the order in which they were."""
        return list(dict.fromkeys(event.row for event in self.events))
