"""What the supervisor says to the database: claims, ends, heartbeats, and taking back lost leases.

Ends of tasks and new claims share a transaction. A database that is away is left alone for a
while; what has to be written is kept until it is back.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from django.db import DataError, Error, IntegrityError

from background_task import claims, cron_schedule, outcomes
from background_task.due import Lookout, seconds_until_due
from background_task.outcomes import Failed
from background_task.worker.changes_log import log_exchange
from background_task.worker.listening import listener_for
from background_task.worker.outage import Outage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.worker.crew import Crew
    from background_task.worker.holdings import Holdings
    from background_task.worker.listening import Listener
    from background_task.worker.options import Options
    from background_task.worker.presence import Presence

logger = logging.getLogger("background_task")

REAP_SECONDS: Final = 1.0


class Desk:
    """One connection, and when it has to be used for what.

    Attributes:
        may_claim: whether new tasks are wanted; not any more while the worker stops.
    """

    def __init__(
        self,
        database: QueueDatabase,
        options: Options,
        holdings: Holdings,
        crew: Crew,
        presence: Presence,
    ) -> None:
        now = time.monotonic()
        self.may_claim = True
        self.outage = Outage(database)
        self._database = database
        self._options = options
        self._terms = options.terms
        self._holdings = holdings
        self._crew = crew
        self._presence = presence
        self._lookout = Lookout()
        self._listener = listener_for(
            database, notify=options.settings.notify, sleep_seconds=options.sleep_seconds
        )
        self._is_exhausted = True
        self._renewed_at = self._next_renewal = self._next_reap = self._next_poll = now
        self._next_declaration = now

    def talk(self) -> None:
        """Do what is due, unless the database is left alone at the moment."""
        now = time.monotonic()
        if now < self.outage.retry_at:
            return
        try:
            self._do_what_is_due(now)
        except Error as error:
            self.outage.note_error(error)
        else:
            self.outage.note_answer()

    def look_now(self) -> None:
        """Look for tasks at the next opportunity: there may be new ones."""
        self._next_poll = time.monotonic()

    def listener(self) -> Listener | None:
        """Return what says that there may be new tasks, while a look for them is possible."""
        can_look = self._wanted() > 0 and not self._holdings.unrecorded and not self.outage.is_on
        return self._listener if can_look else None

    def held(self) -> list[Claim]:
        """Return every claim whose lease has to live on."""
        return [*self._holdings.claims(), *self._crew.claims()]

    def appointments(self) -> Iterator[float]:
        """Yield the times at which the database has to be talked to."""
        retry_at = self.outage.retry_at
        yield max(self._next_renewal, retry_at)
        for appointment in self._holdings.appointments():
            yield max(appointment, retry_at)
        if self.may_claim:
            yield max(min(self._next_reap, self._next_declaration), retry_at)
            # While ends wait to be written, a look waits with them for their transaction.
            if self._crew.wanted() and not self._holdings.unrecorded:
                yield max(self._next_poll, retry_at)

    def _do_what_is_due(self, now: float) -> None:
        try:
            if self.outage.is_on:
                self._release_forgotten()
            if now >= self._next_renewal:
                self._renew()
            if now >= self._next_reap and self.may_claim:
                self._reap()
            if now >= self._next_declaration and self.may_claim:
                self._declare()
            if self._must_exchange(now):
                self._exchange()
        except (DataError, IntegrityError) as error:
            self._record_apart(error)

    def _must_exchange(self, now: float) -> bool:
        holdings = self._holdings
        if holdings.unrecorded:
            return holdings.must_be_flushed(now) or self._crew.is_any_idle
        if holdings.waiting and (not self.may_claim or holdings.is_held_back(now)):
            return True
        return now >= self._next_poll and self._wanted() > 0 and self._has_due()

    def _has_due(self) -> bool:
        """Look without a lock, if there was nothing the last time: most looks find nothing."""
        if not self._is_exhausted:
            return True
        self._listener.attend()
        return self._plan_next_look()

    def _exchange(self) -> None:
        """Write how tasks ended and claim new ones, in one transaction."""
        holdings = self._holdings
        if not self.may_claim or holdings.is_held_back(time.monotonic()):
            # No child here will start them soon; another worker may.
            holdings.release_waiting()
        limit = self._wanted()
        recorded = holdings.next_to_record()
        with self._database.transaction():
            stale = outcomes.record(
                self._database, recorded, keep_completed=self._options.settings.keep_completed
            )
            claimed = (
                claims.claim(self._database, self._terms, limit=limit, lookout=self._lookout)
                if limit
                else []
            )
        del holdings.unrecorded[: len(recorded)]
        holdings.wait_last(claimed)
        if claimed:
            self._listener.note_activity()
        log_exchange(recorded, stale, claimed)
        self._is_exhausted = len(claimed) < limit
        if claimed or not self._is_exhausted:
            # They are handed out before the next question.
            self._next_poll = time.monotonic()
        else:
            self._plan_next_look()

    def _plan_next_look(self) -> bool:
        """Look again when something is due, or after a sleep; tell whether something is due now."""
        due = seconds_until_due(self._database, self._terms)
        pause = self._options.sleep_seconds if due is None else max(due, 0.01)
        self._next_poll = time.monotonic() + min(pause, self._options.sleep_seconds)
        self._next_reap = min(self._next_reap, self._next_poll)
        return due is not None and due <= 0

    def _record_apart(self, error: Error) -> None:
        """Write ends one by one, and give up the task whose end the database will not have.

        Raises:
            Error: it was not the ends that the database refused.
        """
        if not self._holdings.unrecorded:
            raise error
        for outcome in list(self._holdings.unrecorded):
            try:
                self._record_one(outcome)
            except (DataError, IntegrityError) as refusal:
                logger.exception("%s #%d cannot end", outcome.claim.task_name, outcome.claim.id)
                text = f"its end cannot be written: {refusal}"
                self._record_one(
                    Failed(claim=outcome.claim, error=text, retry_in=None, is_final=True)
                )
            self._holdings.unrecorded.remove(outcome)

    def _record_one(self, outcome: outcomes.Outcome) -> None:
        with self._database.transaction():
            keep_completed = self._options.settings.keep_completed
            outcomes.record(self._database, [outcome], keep_completed=keep_completed)

    def _wanted(self) -> int:
        return self._crew.wanted() if self.may_claim else 0

    def _renew(self) -> None:
        begun = time.monotonic()
        lost = claims.renew(self._database, self.held(), lease_seconds=self._terms.lease_seconds)
        self._renewed_at = begun
        self._next_renewal = begun + self._terms.lease_seconds / 3
        for claim in lost:
            logger.warning("%s #%d: lost its lease to another worker", claim.task_name, claim.id)
            self._holdings.drop(claim)
            self._crew.fence(claim)
        self._presence.renew()

    def _release_forgotten(self) -> None:
        """Give back what a commit claimed whose answer was lost with the connection."""
        count = outcomes.release_forgotten(self._database, self._terms, self.held())
        if count:
            logger.warning("released %d tasks that were claimed as the connection broke", count)

    def give_up_lost_leases(self) -> None:
        """Stop what runs under leases that are over: others may run it from now on."""
        begun_before = time.monotonic() - self._terms.lease_seconds
        if self._renewed_at > begun_before:
            return
        # What was claimed since the last renewal has a lease of its own.
        if count := self._crew.fence_lapsed(begun_before):
            logger.error(
                "leases could not be renewed in time (%d processes): stopping what runs, others may"
                " take it",
                count,
            )
        self._holdings.release_lapsed(begun_before)

    def _reap(self) -> None:
        self._next_reap = time.monotonic() + REAP_SECONDS
        if not claims.has_expired(self._database):
            return
        for task in outcomes.reap(self._database, self._terms):
            logger.warning("#%d: %s", task.id, outcomes.lease_ran_out(task))
            self._next_poll = time.monotonic()

    def _declare(self) -> None:
        cron_schedule.declare(self._database)
        self._next_declaration = time.monotonic() + cron_schedule.DECLARE_SECONDS
        self.look_now()
