"""Children that are no processes: they do what a child does, one task after the other, when told.

They keep a common book of the claims that they began: nobody begins one twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from background_task.worker.children import ChildProcess
from background_task.worker.messages import Message, end_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.attempt import Ended
    from background_task.claims import Claim
    from properties.desk.clock import Clock

AT_ONCE: Final = 2
"""Children of one worker."""


class Underway:
    """What a child has to run, the first of which runs, and since when; as ``Progress`` tells."""

    def __init__(self, now: float) -> None:
        self.claims: list[Claim] = []
        self.began = now

    def running(self) -> int | None:
        """Return the row of the task that runs, or None."""
        return self.claims[0].id if self.claims else None

    def since(self) -> float:
        """Return when the last one began."""
        return self.began


class Child(ChildProcess):
    """A ``ChildProcess`` without the process, and the child behind it.

    Attributes:
        is_dead: whether it died by itself.
    """

    def __init__(self, clock: Clock, begun: set[Claim]) -> None:
        self.pid = 0
        self.deaf_since = None
        self.handed = {}
        self.is_returning = self.is_dead = False
        self.kill_reason = ""
        self.killed_during = None
        self._underway = Underway(clock.now)
        self._progress: Any = self._underway
        self._clock = clock
        self._begun = begun
        self._said: list[Message] = []

    @property
    def is_alive(self) -> bool:
        """Whether it may still do something."""
        return not self.is_dead and not self.kill_reason

    def hand_out(self, claims: Sequence[Claim]) -> None:
        """Give it tasks to run after those that it has."""
        was_idle = not self._underway.claims
        self.handed.update((claim.id, claim) for claim in claims)
        self._underway.claims += claims
        if was_idle:
            self._begin()

    def say_end(self, ended: Ended) -> None:
        """End the task that runs, say so, and begin the next one."""
        self._said.append(end_message(ended))
        self._underway.claims.pop(0)
        self._begin()

    def send(self) -> None:
        """Everything has arrived."""

    def receive(self) -> list[Message]:
        """Return what it has said since the last time."""
        said, self._said = self._said, []
        return said

    def ask_to_return(self) -> None:
        """It gives back at once what it has not begun."""
        if not self.is_returning and self.is_alive:
            self.is_returning = True
            self._said.append(["returned", [claim.id for claim in self._underway.claims[1:]]])
            del self._underway.claims[1:]

    def kill(self, reason: str) -> None:
        """End it, because of ``reason``."""
        if self.is_alive:
            self.kill_reason = reason
            self.killed_during = self.running

    def wait(self) -> str | None:
        """Return how it ended, in words, or None while it lives."""
        return None if self.is_alive else "was killed by SIGKILL"

    def close(self) -> None:
        """There is no channel."""

    def _begin(self) -> None:
        if self._underway.claims:
            claim = self._underway.claims[0]
            assert claim not in self._begun, f"double-claim: {claim} is begun a second time"
            self._begun.add(claim)
            self._underway.began = self._clock.now
