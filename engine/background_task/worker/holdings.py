"""What a supervisor owns and no child has: claims that wait for a child, ends not written yet."""

from __future__ import annotations

import collections
import time
from typing import TYPE_CHECKING, Final

from background_task.databases import STATEMENT_BYTES
from background_task.outcomes import Released

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from background_task.claims import Claim
    from background_task.outcomes import Outcome

FLUSH_SECONDS: Final = 0.02
"""An end of a task is written at most this much later than it was heard of."""

HELD_BACK_SECONDS: Final = 0.5
"""Tasks that wait longer than this behind a slow one are given to others."""


class Holdings:
    """Claims on their way from the database to a child, and ends on their way back.

    Attributes:
        waiting: claims that no child has been handed, in the order in which they should start.
        unrecorded: ends that the database has to be told.
    """

    def __init__(self) -> None:
        self.waiting: collections.deque[Claim] = collections.deque()
        self.unrecorded: list[Outcome] = []
        self._waiting_since = self._unrecorded_since = time.monotonic()

    def claims(self) -> list[Claim]:
        """Return every claim whose lease has to live on."""
        return [*self.waiting, *(outcome.claim for outcome in self.unrecorded)]

    def wait_first(self, claims: Iterable[Claim]) -> None:
        """Put claims that came back before those that wait."""
        self._touch()
        self.waiting.extendleft(reversed(list(claims)))

    def wait_last(self, claims: Iterable[Claim]) -> None:
        """Put new claims behind those that wait."""
        self._touch()
        self.waiting.extend(claims)

    def take(self, choose: Callable[[Iterable[Claim]], Sequence[Claim]]) -> Sequence[Claim]:
        """Take the first claims out, as many as ``choose`` returns of them, to hand them out."""
        chosen = choose(self.waiting)
        for _ in chosen:
            self.waiting.popleft()
        self._waiting_since = time.monotonic()
        return chosen

    def drop(self, claim: Claim) -> None:
        """Forget a claim that somebody else owns by now."""
        if claim in self.waiting:
            self.waiting.remove(claim)

    def to_record(self, outcome: Outcome) -> None:
        """Have an end written."""
        if not self.unrecorded:
            self._unrecorded_since = time.monotonic()
        self.unrecorded.append(outcome)

    def release(self, claims: Iterable[Claim]) -> None:
        """Have claims given back that no child here will start."""
        for claim in claims:
            self.to_record(Released(claim=claim))

    def release_lapsed(self, begun_before: float) -> None:
        """Have those given back that wait here under leases which began before that."""
        lapsed = [claim for claim in self.waiting if claim.claimed_at < begun_before]
        self.waiting = collections.deque(claim for claim in self.waiting if claim not in lapsed)
        self.release(lapsed)

    def release_waiting(self) -> None:
        """Have everything given back that waits here."""
        self.release(self.waiting)
        self.waiting.clear()

    def next_to_record(self) -> list[Outcome]:
        """Return the first ends to be written, as many as a statement of any database can hold."""
        chosen: list[Outcome] = []
        size = 0
        for outcome in self.unrecorded:
            size += len(getattr(outcome, "result", None) or "")
            if chosen and size > STATEMENT_BYTES:
                break
            chosen.append(outcome)
        return chosen

    def is_held_back(self, now: float) -> bool:
        """Tell whether what waits here has waited for too long."""
        return bool(self.waiting) and now - self._waiting_since > HELD_BACK_SECONDS

    def must_be_flushed(self, now: float) -> bool:
        """Tell whether an end has waited for long enough to be written."""
        return bool(self.unrecorded) and now - self._unrecorded_since >= FLUSH_SECONDS

    def appointments(self) -> Iterable[float]:
        """Yield the times at which something here has waited for long enough."""
        if self.unrecorded:
            yield self._unrecorded_since + FLUSH_SECONDS
        if self.waiting:
            yield self._waiting_since + HELD_BACK_SECONDS

    def _touch(self) -> None:
        if not self.waiting:
            self._waiting_since = time.monotonic()
