"""The process behind ``process_tasks``: it claims batches and hands tasks to its children.

One thread, one loop, one database connection. Ends of tasks and new claims share a transaction.
The loop never waits for a child, so it renews leases and notices deaths whatever the tasks do.
"""

from __future__ import annotations

import collections
import logging
import time
from typing import TYPE_CHECKING, Final

from django.db import Error

from background_task import claims, outcomes
from background_task.children import ChildProcess
from background_task.exceptions import BackgroundTaskError
from background_task.failures import log_failure
from background_task.outage import Outage
from background_task.outcomes import Failed, Finished, Outcome, Released
from background_task.prefetch import HELD_BACK_SECONDS, Durations, next_slice, wanted
from background_task.retries import backoff_seconds
from background_task.wakeups import Wakeups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.messages import Message
    from background_task.options import Options
    from background_task.settings import Settings

logger = logging.getLogger("background_task")

FLUSH_SECONDS: Final = 0.02
"""An end of a task is written at most this much later than it was heard of."""

REAP_SECONDS: Final = 1.0
RESPAWN_SECONDS: Final = 0.5

LOST_DATABASE: Final = "lost its lease because the database could not be reached"
LOST_LEASE: Final = "lost its lease to another worker"
HANDED_LOST_LEASE: Final = "was handed a task whose lease was lost"
LEASE_LOST: Final = frozenset({LOST_DATABASE, LOST_LEASE, HANDED_LOST_LEASE})
"""Why a child is killed whose other tasks may be somebody else's, too: none of them may start."""


class Supervisor:
    """Claims, children, and what has to be written about them."""

    def __init__(self, database: QueueDatabase, options: Options, settings: Settings) -> None:
        now = time.monotonic()
        self._database = database
        self._options = options
        self._settings = settings
        self._terms = options.terms
        self._children: list[ChildProcess] = []
        self._waiting: collections.deque[Claim] = collections.deque()
        self._waiting_since = now
        self._unrecorded: list[Outcome] = []
        self._unrecorded_since = now
        self._durations = Durations()
        self._wakeups = Wakeups()
        self._renewed_at = self._next_renewal = self._next_reap = self._next_poll = now
        self._next_spawn = now
        self._outage = Outage(database)
        self._stop_at = now + options.duration_seconds if options.duration_seconds else None
        self._stopping_since: float | None = None

    def run(self) -> None:
        """Work until told to stop or until the duration is over; then finish what runs.

        Raises:
            BackgroundTaskError: at the end, if the database stayed away and ends of tasks could
                not be written; those tasks run again when their leases are over.
        """
        with self._wakeups:
            try:
                while not self._is_done():
                    self._turn()
            finally:
                self._bury_all()

    def _turn(self) -> None:
        self._spawn_missing()
        self._hand_out()
        self._wakeups.wait(self._children, self._seconds_to_wait())
        self._listen()
        self._bury_dead()
        self._obey_stop()
        self._enforce_limits()
        self._talk_to_database()

    # Children.

    def _spawn_missing(self) -> None:
        if self._stopping_since is not None or time.monotonic() < self._next_spawn:
            return
        while len(self._children) < self._options.workers:
            self._database.forget_connection()
            child = ChildProcess(
                max_result_bytes=self._settings.max_params_bytes, siblings=self._children
            )
            self._children.append(child)
            self._next_spawn = time.monotonic()

    def _hand_out(self) -> None:
        for child in self._children:
            if not self._waiting or self._stopping_since is not None:
                return
            if child.is_idle and not child.kill_reason:
                part = next_slice(self._waiting, self._durations)
                for _ in part:
                    self._waiting.popleft()
                child.hand_out(part)
                self._waiting_since = time.monotonic()

    def _listen(self) -> None:
        for child in self._children:
            child.send()
            for message in child.receive():
                self._on_message(child, message)

    def _on_message(self, child: ChildProcess, message: Message) -> None:
        match message:
            case ["started", task_id]:
                child.start(task_id)
            case ["finished", _, result]:
                self._on_end(child, lambda claim: Finished(claim=claim, result=result))
            case ["failed", _, error]:
                self._on_end(child, lambda claim: self._failed(claim, error))
            case ["returned", task_ids]:
                self._wait_first(child.take_back(task_ids))

    def _on_end(self, child: ChildProcess, outcome_of: Callable[[Claim], Outcome]) -> None:
        claim, seconds = child.end()
        self._durations.note(claim.task_name, seconds)
        self._to_record(outcome_of(claim))

    def _failed(self, claim: Claim, error: str, *, is_own_fault: bool = True) -> Failed:
        """A task that failed by itself waits before it runs again; a victim keeps its place."""
        pause = backoff_seconds(
            claim.attempt,
            first=self._settings.backoff_seconds,
            longest=self._settings.backoff_max_seconds,
        )
        log_failure(claim, error, show_traceback=self._options.show_tracebacks)
        return Failed(claim=claim, error=error, retry_in=pause if is_own_fault else None)

    def _bury_dead(self) -> None:
        for child in list(self._children):
            end = child.wait()
            if end is not None:
                self._children.remove(child)
                self._on_death(child, end)

    def _on_death(self, child: ChildProcess, end: str) -> None:
        """Record what it said last; its task failed, and the rest of its tasks go to others."""
        for message in child.receive():
            self._on_message(child, message)
        child.close()
        if child.running is None:
            # It did not die of a task: whatever it is, do not repeat it without a pause.
            self._next_spawn = time.monotonic() + RESPAWN_SECONDS
            logger.warning("worker process %d %s while it ran no task", child.pid, end)
        else:
            claim, _ = child.end()
            # We killed it for a reason of the task's own, or it is a victim.
            reason = child.kill_reason if claim == child.killed_during else ""
            cause = reason or f"worker process {child.pid} {end}"
            error = f"{cause} during attempt {claim.attempt} of {claim.max_attempts}"
            self._to_record(self._failed(claim, error, is_own_fault=bool(reason)))
        if child.kill_reason in LEASE_LOST:
            self._release(child.unstarted.values())
        else:
            self._wait_first(child.unstarted.values())

    def _enforce_limits(self) -> None:
        now = time.monotonic()
        if now - self._renewed_at > self._terms.lease_seconds and self._held():
            self._fence_all()
        for child in self._children:
            if child.running is None:
                continue
            seconds = now - child.started_at
            if seconds > child.running.timeout_seconds:
                child.kill(f"timed out after {child.running.timeout_seconds:g} s")
            elif child.unstarted and seconds > HELD_BACK_SECONDS:
                child.ask_to_return()

    def _fence_all(self) -> None:
        """Stop everything that runs: its leases are over, so others may run it from now on."""
        logger.error("no lease could be renewed in time: stopping what runs, others may take it")
        for child in self._children:
            if not child.is_idle:
                child.kill(LOST_DATABASE)
        self._release(self._waiting)
        self._waiting.clear()
        self._renewed_at = time.monotonic()

    # The database.

    def _talk_to_database(self) -> None:
        now = time.monotonic()
        if now < self._outage.retry_at:
            return
        try:
            if now >= self._next_renewal:
                self._renew()
            if now >= self._next_reap and self._stopping_since is None:
                self._reap()
            if self._must_exchange(now):
                self._exchange()
        except Error as error:
            self._outage.note_error(error)
        else:
            self._outage.note_answer()

    def _must_exchange(self, now: float) -> bool:
        if self._unrecorded:
            age = now - self._unrecorded_since
            return age >= FLUSH_SECONDS or any(child.is_idle for child in self._children)
        if self._has_held_back(now):
            return True
        return now >= self._next_poll and self._wanted() > 0

    def _exchange(self) -> None:
        """Write how tasks ended and claim new ones, in one transaction."""
        self._release_held_back()
        limit = self._wanted()
        recorded = list(self._unrecorded)
        with self._database.transaction():
            stale = outcomes.record(
                self._database, recorded, keep_completed=self._settings.keep_completed
            )
            claimed = claims.claim(self._database, self._terms, limit=limit) if limit else []
        del self._unrecorded[: len(recorded)]
        for claim in stale:
            logger.warning("%s #%d: its end came too late", claim.task_name, claim.id)
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.extend(claimed)
        self._plan_next_poll(is_exhausted=len(claimed) < limit)

    def _plan_next_poll(self, *, is_exhausted: bool) -> None:
        """Look again at once while there is more; else when something is due, or after a sleep."""
        now = time.monotonic()
        if is_exhausted:
            due = claims.seconds_until_due(self._database, self._terms)
            pause = self._options.sleep_seconds if due is None else max(due, 0.01)
            self._next_poll = now + min(pause, self._options.sleep_seconds)
            self._next_reap = min(self._next_reap, self._next_poll)
        else:
            self._next_poll = now

    def _wanted(self) -> int:
        if self._stopping_since is not None:
            return 0
        now = time.monotonic()
        # A child in a slow task is no reason to claim: what it would get could start elsewhere.
        quick = [c for c in self._children if not c.has_run_for(HELD_BACK_SECONDS, now)]
        return wanted(
            children=len(quick),
            idle=sum(child.is_idle for child in quick),
            waiting=len(self._waiting),
            slice_length=self._durations.slice_length(),
        )

    def _renew(self) -> None:
        begun = time.monotonic()
        lost = claims.renew(self._database, self._held(), lease_seconds=self._terms.lease_seconds)
        self._renewed_at = begun
        self._next_renewal = begun + self._terms.lease_seconds / 3
        for claim in lost:
            self._on_lost(claim)

    def _on_lost(self, claim: Claim) -> None:
        """Stop a task that another worker owns by now."""
        logger.warning("%s #%d: lost its lease to another worker", claim.task_name, claim.id)
        if claim in self._waiting:
            self._waiting.remove(claim)
        for child in self._children:
            if child.running == claim:
                child.kill(LOST_LEASE)
            elif claim.id in child.unstarted:
                child.kill(HANDED_LOST_LEASE)

    def _reap(self) -> None:
        self._next_reap = time.monotonic() + REAP_SECONDS
        for task in outcomes.reap(self._database, self._terms):
            logger.warning("#%d: %s", task.id, outcomes.lease_ran_out(task))
            self._next_poll = time.monotonic()

    # What is held.

    def _held(self) -> list[Claim]:
        """Return every claim whose lease has to live on."""
        return [
            *self._waiting,
            *(claim for child in self._children for claim in child.claims()),
            *(outcome.claim for outcome in self._unrecorded),
        ]

    def _wait_first(self, returned: Iterable[Claim]) -> None:
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.extendleft(reversed(list(returned)))

    def _release_held_back(self) -> None:
        """Give back what no child here will start soon, so that other workers can."""
        if self._has_held_back(time.monotonic()):
            self._release(self._waiting)
            self._waiting.clear()

    def _has_held_back(self, now: float) -> bool:
        is_old = now - self._waiting_since > HELD_BACK_SECONDS
        return bool(self._waiting) and (is_old or self._stopping_since is not None)

    def _release(self, claims_: Iterable[Claim]) -> None:
        for claim in claims_:
            self._to_record(Released(claim=claim))

    def _to_record(self, outcome: Outcome) -> None:
        if not self._unrecorded:
            self._unrecorded_since = time.monotonic()
        self._unrecorded.append(outcome)

    # Stopping.

    def _obey_stop(self) -> None:
        now = time.monotonic()
        is_over = self._stop_at is not None and now >= self._stop_at
        if self._stopping_since is None and (is_over or self._wakeups.stop_requests):
            self._stopping_since = now
            logger.info("stopping: waiting for what runs")
        if self._stopping_since is None:
            return
        for child in self._children:
            if child.unstarted:
                child.ask_to_return()
            if child.running and self._wakeups.stop_requests > 1:
                child.kill("was interrupted by a second stop signal")

    def _is_done(self) -> bool:
        if self._stopping_since is None:
            return False
        if self._outage.is_on and self._has_waited_for_database():
            raise BackgroundTaskError(
                f"stopped while the database was away: {len(self._held())} tasks could not be "
                "written and will run again when their leases are over"
            )
        return not self._held()

    def _has_waited_for_database(self) -> bool:
        idle = not any(child.claims() for child in self._children)
        since = self._stopping_since
        return idle and since is not None and (time.monotonic() - since > self._terms.lease_seconds)

    def _bury_all(self) -> None:
        """Let idle children go, and stop those that are not: nothing outlives the supervisor."""
        for child in self._children:
            child.close()
            if not child.is_idle:
                child.kill("outlived its supervisor")
        for child in self._children:
            while child.wait() is None:
                time.sleep(0.005)

    def _seconds_to_wait(self) -> float:
        now = time.monotonic()
        return max(0.0, min(self._appointments(now)) - now)

    def _appointments(self, now: float) -> Iterator[float]:
        """Yield the times at which something has to be done, if nothing happens before."""
        retry_at = self._outage.retry_at
        yield max(self._next_renewal, retry_at)
        if self._unrecorded:
            yield max(self._unrecorded_since + FLUSH_SECONDS, retry_at)
        if self._waiting:
            yield max(self._waiting_since + HELD_BACK_SECONDS, retry_at)
        if self._stopping_since is None:
            yield max(self._next_reap, retry_at)
        if self._wanted():
            yield max(self._next_poll, retry_at)
        if len(self._children) < self._options.workers and self._stopping_since is None:
            yield self._next_spawn
        if self._stop_at is not None and self._stopping_since is None:
            yield self._stop_at
        for child in self._children:
            if child.running:
                yield child.started_at + child.running.timeout_seconds
            if child.running and child.unstarted:
                yield now + HELD_BACK_SECONDS / 4
