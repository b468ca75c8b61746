"""Children that are no processes: they do what a child does, one task after the other, when told.

They keep a common book of the claims that they began: nobody begins one twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from background_task.worker.messages import Message, end_message, end_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from background_task.attempt import Ended
    from background_task.claims import Claim
    from properties.desk.clock import Clock

AT_ONCE: Final = 2
"""Children of one worker."""


class Child:
    """What ``ChildProcess`` is to its crew, and the child behind it.

    Attributes:
        handed: as in ``ChildProcess``: what the supervisor has not heard the end of.
        is_dead: whether it died by itself.
    """

    pid = 0
    deaf_since = None

    def __init__(self, clock: Clock, begun: set[Claim]) -> None:
        self.handed: dict[int, Claim] = {}
        self.is_returning = self.is_dead = False
        self.kill_reason = ""
        self.killed_during: Claim | None = None
        self.started_at = clock.now
        self._clock = clock
        self._begun = begun
        self._to_run: list[Claim] = []
        self._said: list[Message] = []

    @property
    def is_alive(self) -> bool:
        """Whether it may still do something."""
        return not self.is_dead and not self.kill_reason

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do, as far as its supervisor knows."""
        return not self.handed

    @property
    def running(self) -> Claim | None:
        """The claim whose body it is in, or None."""
        return self._to_run[0] if self._to_run else None

    @property
    def unstarted(self) -> list[Claim]:
        """The claims that it was handed and has not begun, or has ended and not told yet."""
        return [claim for claim in self.handed.values() if claim != self.running]

    def has_run_for(self, seconds: float, now: float) -> bool:
        """Tell whether it has been in one task for longer than ``seconds``."""
        return now - self.started_at > seconds and self.running is not None

    def hand_out(self, claims: Sequence[Claim]) -> None:
        """Give it tasks to run after those that it has."""
        was_idle = not self._to_run
        self.handed.update((claim.id, claim) for claim in claims)
        self._to_run += claims
        if was_idle:
            self._begin()

    def say_end(self, ended: Ended) -> None:
        """End the task that runs, say so, and begin the next one."""
        self._said.append(end_message(ended))
        self._to_run.pop(0)
        self._begin()

    def send(self) -> None:
        """Everything has arrived."""

    def receive(self) -> list[Message]:
        """Return what it has said since the last time."""
        said, self._said = self._said, []
        return said

    def end(self, message: Message) -> Ended:
        """Note that a task ended; return how."""
        return end_of(self.handed.pop(message[1]), message)

    def take_back(self, task_ids: Iterable[int]) -> list[Claim]:
        """Note that it returned tasks; return their claims."""
        self.is_returning = False
        return [self.handed.pop(task_id) for task_id in task_ids]

    def ask_to_return(self) -> None:
        """It gives back at once what it has not begun."""
        if not self.is_returning and self.is_alive:
            self.is_returning = True
            self._said.append(["returned", [claim.id for claim in self._to_run[1:]]])
            del self._to_run[1:]

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
        if self._to_run:
            claim = self._to_run[0]
            assert claim not in self._begun, f"double-claim: {claim} is begun a second time"
            self._begun.add(claim)
            self.started_at = self._clock.now
