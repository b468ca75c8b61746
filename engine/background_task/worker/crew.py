"""The worker's child processes: who runs what, who has died, who has to be killed."""

from __future__ import annotations

import functools
import logging
import time
from typing import TYPE_CHECKING, Final

from background_task.error_texts import class_path
from background_task.exceptions import TaskTimeout
from background_task.outcomes import Failed
from background_task.retries import pause_after
from background_task.task_bodies import body_of
from background_task.worker.changes_log import log_change, log_failure
from background_task.worker.children import ChildProcess
from background_task.worker.holdings import FLUSH_SECONDS, HELD_BACK_SECONDS
from background_task.worker.prefetch import Durations, next_slice, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from background_task.attempt import Ended
    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.monitoring.observations import Observations
    from background_task.worker.holdings import Holdings
    from background_task.worker.messages import Message
    from background_task.worker.options import Options

logger = logging.getLogger("background_task")

RESPAWN_SECONDS: Final = 0.5

SPAWNED_AT_ONCE: Final = 4
"""So many children are started in a turn of the loop, which also hears signals to stop."""

DEAF_SECONDS: Final = 0.5
"""A child that has closed its channel, and is not about to end by itself, is killed after this."""

LOST_DATABASE: Final = "lost its lease because the database could not be reached"
LOST_LEASE: Final = "lost its lease to another worker"
HANDED_LOST_LEASE: Final = "was handed a task whose lease was lost"
LEASE_LOST: Final = frozenset({LOST_DATABASE, LOST_LEASE, HANDED_LOST_LEASE})
"""Why a child is killed whose other tasks may be somebody else's, too: none of them may start."""


class Crew:
    """The children of one supervisor. What they end goes to its holdings."""

    def __init__(
        self,
        database: QueueDatabase,
        options: Options,
        holdings: Holdings,
        observations: Observations,
        doorbell: int,
    ) -> None:
        self.children: list[ChildProcess] = []
        self._database = database
        self._options = options
        self._holdings = holdings
        self._observations = observations
        self._doorbell = doorbell
        self._durations = Durations()
        self._next_spawn = time.monotonic()

    def spawn_missing(self) -> None:
        """Start children until there are as many as were asked for."""
        if time.monotonic() < self._next_spawn:
            return
        for _ in range(min(SPAWNED_AT_ONCE, self._options.workers - len(self.children))):
            self._database.forget_connection()
            try:
                self.children.append(ChildProcess(self._doorbell, self.children))
            except OSError as error:  # no descriptor, no memory or no process was left
                logger.error("no worker process can be started: %s", error)  # noqa: TRY400
                self._next_spawn = time.monotonic() + RESPAWN_SECONDS
                return
            self._next_spawn = time.monotonic()

    def claims(self) -> list[Claim]:
        """Return the claims that children were handed and that have not ended."""
        return [claim for child in self.children for claim in child.handed.values()]

    @property
    def is_any_idle(self) -> bool:
        """Whether a child has nothing to do."""
        return any(child.is_idle for child in self.children)

    def wanted(self) -> int:
        """Return how many tasks to claim now."""
        now = time.monotonic()
        # A child in a slow task is no reason to claim: what it would get could start elsewhere.
        quick = [child for child in self.children if not child.has_run_for(HELD_BACK_SECONDS, now)]
        return wanted(
            children=len(quick),
            idle=sum(child.is_idle for child in quick),
            waiting=len(self._holdings.waiting),
            slice_length=self._durations.slice_length(),
        )

    def hand_out(self) -> None:
        """Give waiting claims to the children that have little left to do."""
        choose = functools.partial(next_slice, durations=self._durations)
        refill = self._durations.slice_length() // 2
        for child in sorted(self.children, key=lambda child: len(child.handed)):
            if not self._holdings.waiting:
                return
            if len(child.handed) <= refill and self._starts_soon(child):
                child.hand_out(self._holdings.take(choose))

    def _starts_soon(self, child: ChildProcess) -> bool:
        """Whether it would soon start what it is handed now."""
        if child.kill_reason or child.is_returning:
            return False
        return child.is_idle or not child.has_run_for(FLUSH_SECONDS, time.monotonic())

    def listen(self) -> None:
        """Hear what children have said since the last time."""
        for child in self.children:
            child.send()
            for message in child.receive():
                self._on_message(child, message)

    def _on_message(self, child: ChildProcess, message: Message) -> None:
        if message[0] == "returned":
            self._wait_again(child, child.take_back(message[1]))
        else:
            self._on_end(child.end(message))

    def _on_end(self, ended: Ended) -> None:
        if ended.seconds is not None:
            self._durations.note(ended.claim.task_name, ended.seconds)
        self._observations.note(ended)
        if isinstance(ended, Failed):
            log_failure(ended, show_traceback=self._options.show_tracebacks)
        elif ended.is_recorded:
            log_change("finished", ended.claim)
            return
        self._holdings.to_record(ended)

    def bury_dead(self) -> None:
        """Notice deaths: the task that ran has failed, and the others wait again."""
        for child in list(self.children):
            end = child.wait()
            if end is not None:
                self.children.remove(child)
                self._on_death(child, end)

    def _on_death(self, child: ChildProcess, end: str) -> None:
        for message in child.receive():
            self._on_message(child, message)
        child.close()
        running = child.running
        if running is None:
            # It did not die of a task: whatever it is, do not repeat it without a pause.
            self._next_spawn = time.monotonic() + RESPAWN_SECONDS
            logger.warning("worker process %d %s while it ran no task", child.pid, end)
        else:
            self._on_end(self._death_of(running, child, end))
        unstarted = [claim for claim in child.handed.values() if claim is not running]
        self._wait_again(child, unstarted)

    def _wait_again(self, child: ChildProcess, unstarted: Sequence[Claim]) -> None:
        """Have others start what a child did not, unless the claims may be lost."""
        if child.kill_reason in LEASE_LOST:
            self._holdings.release(unstarted)
        else:
            self._holdings.wait_first(unstarted)

    def _death_of(self, claim: Claim, child: ChildProcess, end: str) -> Failed:
        """A task that was killed for its own sake waits before it runs again; a victim does not."""
        reason = child.kill_reason if claim == child.killed_during else ""
        cause = reason or f"worker process {child.pid} {end}"
        is_timeout = reason.startswith("timed out")
        return Failed(
            claim=claim,
            error=f"{cause} during attempt {claim.attempt} of {claim.max_attempts}",
            exception=class_path(TaskTimeout) if is_timeout else "",
            retry_in=self._pause_after(claim) if reason else None,
            seconds=time.monotonic() - child.started_at,
        )

    def _pause_after(self, claim: Claim) -> float:
        try:
            backoff = body_of(claim.task_name).options.backoff
        # Whatever is wrong with the task, its worker goes on.
        except Exception:  # noqa: BLE001
            backoff = None
        return pause_after(None, claim.attempt, backoff=backoff, settings=self._options.settings)

    def enforce_timeouts(self) -> None:
        """Kill who is in a task for too long, and have others take what waits behind slow ones."""
        now = time.monotonic()
        for child in self.children:
            if child.deaf_since is not None and now - child.deaf_since > DEAF_SECONDS:
                child.kill("closed its channel to the supervisor")
            claim = child.running
            if claim is None:
                continue
            seconds = now - child.started_at
            if seconds > claim.timeout_seconds:
                child.kill(f"timed out after {claim.timeout_seconds:g} s")
            elif len(child.handed) > 1 and seconds > HELD_BACK_SECONDS:
                child.ask_to_return()

    def return_unstarted(self) -> None:
        """Ask all children for what they have not started."""
        for child in self.children:
            if child.unstarted:
                child.ask_to_return()

    def interrupt(self) -> None:
        """Kill what runs, because whoever stops the worker did so twice."""
        for child in self.children:
            if child.running:
                child.kill("was interrupted by a second stop signal")

    def fence_lapsed(self, begun_before: float) -> int:
        """Stop whoever holds a claim whose lease began before that; return how many it were."""
        lapsed = [
            child
            for child in self.children
            if not child.kill_reason
            and any(claim.claimed_at < begun_before for claim in child.handed.values())
        ]
        for child in lapsed:
            child.kill(LOST_DATABASE)
        return len(lapsed)

    def fence(self, claim: Claim) -> None:
        """Stop whoever was handed a claim that another worker owns by now."""
        for child in self.children:
            if claim.id in child.handed:
                child.kill(LOST_LEASE if child.running == claim else HANDED_LOST_LEASE)

    def bury_all(self) -> None:
        """Let idle children go, and stop those that are not: nothing outlives the supervisor."""
        for child in self.children:
            child.close()
            if not child.is_idle:
                child.kill("outlived its supervisor")
        for child in self.children:
            while child.wait() is None:
                time.sleep(0.005)

    def appointments(self, *, is_stopping: bool) -> Iterator[float]:
        """Yield the times at which a child needs attention, if it does not ask for it before."""
        now = time.monotonic()
        if len(self.children) < self._options.workers and not is_stopping:
            yield self._next_spawn
        for child in self.children:
            if child.deaf_since is not None and not child.kill_reason:
                yield child.deaf_since + DEAF_SECONDS
            claim = child.running
            if claim is not None:
                yield child.started_at + claim.timeout_seconds
            if len(child.handed) > 1:
                # It rings when it has little left; who is in a slow task does not ring.
                yield now + FLUSH_SECONDS
