"""Who takes part in races: workers, reapers and producers, who do what the engine's own do.

Each of them calls the engine's functions in the transactions that the engine's worker uses, begins
anew after a transient error as it does, and tells the story what it was told.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import Error, transaction

from background_task import claims, outcomes
from background_task.due import Lookout
from background_task.outcomes import Failed, Finished, Released
from background_task.terms import Terms
from engine.project.tasks import send_mail
from properties.interleaving import gate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.outcomes import Outcome
    from properties.stories.story import Story

LEASE_SECONDS = 600.0
"""Longer than any play takes in real time: leases run out when the schedule's clock says so."""

MAX_ATTEMPTS = 3
TRIES = 6

T = TypeVar("T")


class Unhurried(Lookout):
    """Finds no look slow: how long one takes at a gate would decide which statements follow."""

    SLOW_SECONDS = math.inf


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody with a name who tells a story."""

    name: str
    database: QueueDatabase
    story: Story

    def again(self, operation: Callable[[], T]) -> T:
        """Run an operation, again while it is the victim of others; note an answer not heard."""
        for _ in range(TRIES):
            try:
                return operation()
            except Error as error:
                if self.database.dialect.is_transient(error):
                    continue
                self.story.unheard.add(self.name)
                raise
        return operation()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Actor):
    """Claims, runs, heartbeats, ends; and reaps what others left."""

    @property
    def terms(self) -> Terms:
        """Its terms; nobody else has its name."""
        return Terms(
            owner=self.name,
            lease_seconds=LEASE_SECONDS,
            max_attempts=MAX_ATTEMPTS,
            timeout_seconds=60.0,
        )

    def claim(self, limit: int = 1) -> list[Claim]:
        """Claim, as a supervisor does."""

        def claim() -> list[Claim]:
            with self.database.transaction():
                return claims.claim(self.database, self.terms, limit=limit, lookout=Unhurried())

        claimed = self.again(claim)
        for one in claimed:
            self.story.tell_of("claimed", one, by=self.name, lease=LEASE_SECONDS)
        return claimed

    def run(self, claim: Claim) -> None:
        """Run the body: it starts, and has its effect."""
        self.story.tell_of("started", claim, by=self.name)
        gate("body")
        self.story.tell_of("effect", claim, by=self.name)

    def finish(self, *held: Claim) -> None:
        """Record that attempts went well."""
        self._record([Finished(claim=claim, result='"done"') for claim in held], "finished")

    def fail(self, *held: Claim, retry_in: float | None = 0.0, is_final: bool = False) -> None:
        """Record that attempts ended badly."""
        failed = [
            Failed(claim=claim, error="why", retry_in=retry_in, is_final=is_final) for claim in held
        ]
        self._record(failed, "failed")

    def release(self, *held: Claim) -> None:
        """Give back what was not started."""
        self._record([Released(claim=claim) for claim in held], "released")

    def heartbeat(self, *held: Claim) -> None:
        """Renew the leases of what it holds."""
        lost = self.again(
            lambda: claims.renew(self.database, list(held), lease_seconds=LEASE_SECONDS)
        )
        for claim in held:
            what = "stale" if claim in lost else "renewed"
            self.story.tell_of(what, claim, by=self.name, lease=LEASE_SECONDS)

    def reap(self) -> None:
        """Take back what ran out."""
        for expired in self.again(lambda: outcomes.reap(self.database, self.terms)):
            self.story.tell("reaped", expired.id, by=self.name)

    def forget(self) -> None:
        """Release what it holds without knowing, as after an outage."""
        self.again(lambda: outcomes.release_forgotten(self.database, self.terms, []))

    def work(self, limit: int = 1) -> None:
        """Claim, run and finish."""
        claimed = self.claim(limit)
        for claim in claimed:
            self.run(claim)
        if claimed:
            self.finish(*claimed)

    def _record(self, ended: Sequence[Outcome], what: str) -> None:
        def tell(stale: list[Claim]) -> None:
            for outcome in ended:
                told = "stale" if outcome.claim in stale else what
                self.story.tell_of(told, outcome.claim, by=self.name)

        def record() -> None:
            stale: list[Claim] = []
            with self.database.transaction():
                # At the commit itself: a message to idle workers is a statement behind it.
                transaction.on_commit(lambda: tell(stale), using=self.database.alias)
                stale += outcomes.record(self.database, ended, keep_completed=True)

        self.again(record)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Producer(Actor):
    """Enqueues."""

    def enqueue(self, key: str = "same", task: Any = send_mail, **options: Any) -> int:
        """Make one call."""
        with self.story.call(self.name):
            row = self.again(lambda: task(key, **options))
            self.story.tell("duplicate" if row.is_duplicate else "enqueued", row.pk, by=self.name)
        return int(row.pk)

    def enqueue_many(self, *keys: str, task: Any = send_mail) -> list[int]:
        """Make several calls at once."""
        with self.story.call(self.name):
            enqueued = self.again(lambda: task.enqueue_many([(key,) for key in keys]))
            for one in enqueued:
                what = "duplicate" if one.is_duplicate else "enqueued"
                self.story.tell(what, one.id, by=self.name)
        return [one.id for one in enqueued]

    def enqueue_and_roll_back(self, key: str = "same") -> None:
        """Make one call in a transaction that does not commit."""
        with transaction.atomic(using=self.database.alias):
            row = send_mail(key)
            self.story.tell("aborted", row.pk, by=self.name)
            gate("before the rollback")
            transaction.set_rollback(True, using=self.database.alias)
