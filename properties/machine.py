"""The engine and the model side by side: every step is taken by both, and they must agree.

The engine's clock is the database's, which nobody can step. So the clock stays and everything else
moves: to step forward, all times in the live rows are shifted into the past. Steps are thousands of
seconds, so the moments that the steps themselves take do not matter.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db import transaction
from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from background_task import claims, outcomes
from background_task.enqueue import Enqueue, enqueue, queue_database
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from background_task.outcomes import Failed, Finished, Outcome, Released
from background_task.terms import Terms
from properties.model import LEASE, MAX_ATTEMPTS, ModelClaim, ModelQueue, ModelTask

if TYPE_CHECKING:
    from background_task.claims import Claim

KEYS: Final = st.sampled_from(["a", "b", "c", "d"])
DELAYS: Final = st.sampled_from([0, 1_000, 5_000, 20_000])
STEPS: Final = st.sampled_from([1_000, 5_000, LEASE + 1_000])
TERMS: Final = Terms(
    owner="machine:1", lease_seconds=LEASE, max_attempts=MAX_ATTEMPTS, timeout_seconds=60.0
)

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One claim as the engine gave it and as the model did."""

    engine: Claim
    model: ModelClaim


class QueueMachine(RuleBasedStateMachine):
    """Workers claim, end, renew and release, die and come back as zombies; leases expire."""

    def __init__(self) -> None:
        super().__init__()
        self.database = queue_database()
        self.model = ModelQueue()
        self.held: list[Held] = []

    @initialize()
    def empty(self) -> None:
        """Begin with empty tables."""
        for table in (ScheduledTask, CompletedTask, FailedTask):
            table.objects.all().delete()

    @rule(
        key=KEYS,
        priority=st.integers(-1, 1),
        delay=DELAYS,
        is_unique=st.sampled_from([True, True, True, False]),
        max_attempts=st.sampled_from([None, None, 1, 2]),
    )
    def enqueue(
        self, key: str, priority: int, delay: int, *, is_unique: bool, max_attempts: int | None
    ) -> None:
        """A call enqueues, unless it duplicates a live task."""
        duplicate = self.model.duplicate_of(key, is_unique=is_unique)
        task = enqueue(_request(key, priority, delay, is_unique, max_attempts))
        assert task.is_duplicate == (duplicate is not None), "dedupe-violation"
        if duplicate is not None:
            assert task.pk == duplicate
            return
        assert task.pk not in {*self.model.live, *self.model.completed, *self.model.failed}
        self.model.live[task.pk] = ModelTask(
            id=task.pk,
            key=key,
            is_unique=is_unique,
            priority=priority,
            run_at=self.model.now + delay,
            max_attempts=max_attempts or MAX_ATTEMPTS,
        )

    @rule(key=KEYS)
    def enqueue_and_roll_back(self, key: str) -> None:
        """A call in a transaction that does not commit enqueues nothing."""
        with transaction.atomic():
            enqueue(_request(key, 0, 0, True, None))
            transaction.set_rollback(True)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        """A worker gets the due tasks: higher priority first, then the earlier ones."""
        run_at = dict(ScheduledTask.objects.values_list("pk", "run_at"))
        order = sorted(
            self.model.due(), key=lambda task: (-task.priority, run_at[task.id], task.id)
        )
        with self.database.transaction():
            claimed = claims.claim(self.database, TERMS, limit=limit)
        assert [claim.id for claim in claimed] == [task.id for task in order[:limit]]
        for claim in claimed:
            self.held.append(Held(engine=claim, model=self.model.claim(claim.id)))
            task = self.model.live[claim.id]
            given = (claim.token, claim.attempt, claim.max_attempts)
            assert given == (task.token, task.attempts, task.max_attempts)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """A worker finishes what it holds; a zombie changes nothing."""
        held = self._draw(data)
        if self._record(held, Finished(claim=held.engine, result='"done"')):
            self.model.finish(held.model)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), retry_in=st.none() | DELAYS)
    def fail(self, data: st.DataObject, retry_in: int | None) -> None:
        """A worker's attempt fails: the task waits for the next, or is dead-lettered."""
        held = self._draw(data)
        if self._record(held, Failed(claim=held.engine, error="why", retry_in=retry_in)):
            self.model.fail(held.model, retry_in=retry_in)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """A worker gives back what it did not start."""
        held = self._draw(data)
        if self._record(held, Released(claim=held.engine)):
            self.model.release(held.model)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        """A heartbeat renews what the worker holds, and tells it what it lost."""
        held = data.draw(st.lists(st.sampled_from(self.held), min_size=1, unique_by=id))
        lost = claims.renew(self.database, [each.engine for each in held], lease_seconds=LEASE)
        expected = [each.engine for each in held if not self.model.holds(each.model)]
        assert lost == expected, "zombie-heartbeat"
        for each in held:
            if each.engine not in lost:
                self.model.renew(each.model)

    @rule()
    def reap(self) -> None:
        """Every expired lease is taken back, and no other."""
        reaped = {task.id for task in outcomes.reap(self.database, TERMS)}
        assert reaped == self.model.reap()

    @rule(seconds=STEPS)
    def step_clock(self, seconds: int) -> None:
        """Time passes."""
        past = timedelta(seconds=seconds)
        ScheduledTask.objects.update(run_at=F("run_at") - past)
        leased = ScheduledTask.objects.filter(lease_until__isnull=False)
        leased.update(lease_until=F("lease_until") - past)
        self.model.now += seconds

    @precondition(lambda self: self.held)
    @rule()
    def crash(self) -> None:
        """All workers forget what they hold: nobody but the reaper will end it."""
        self.held.clear()

    @invariant()
    def tables_agree(self) -> None:
        """The rows are those of the model, in the table that the model says."""
        rows = ScheduledTask.objects.values_list("pk", "attempts", "token", "lease_until")
        live = {pk: (attempts, token, lease is not None) for pk, attempts, token, lease in rows}
        assert live == {
            task.id: (task.attempts, task.token, task.lease_until is not None)
            for task in self.model.live.values()
        }
        assert set(CompletedTask.objects.values_list("pk", flat=True)) == self.model.completed
        assert set(FailedTask.objects.values_list("pk", flat=True)) == self.model.failed

    def _draw(self, data: st.DataObject) -> Held:
        """Draw a claim, stale or not; it is kept, so that it can come back as a zombie."""
        return data.draw(st.sampled_from(self.held))

    def _record(self, held: Held, outcome: Outcome) -> bool:
        """Record an outcome; return whether the claim was still held, as both must say."""
        with self.database.transaction():
            stale = outcomes.record(self.database, [outcome], keep_completed=True)
        is_held = self.model.holds(held.model)
        assert stale == ([] if is_held else [held.engine]), "zombie-finish"
        return is_held


def _request(
    key: str, priority: int, delay: int, is_unique: bool, max_attempts: int | None
) -> Enqueue:
    options: dict[str, Any] = {"queue": "default", "timeout_seconds": None}
    return Enqueue(
        task_name="task",
        task_params=f'[["{key}"], {{}}]',
        priority=priority,
        run_at=float(delay),
        max_attempts=max_attempts,
        unique=is_unique,
        **options,
    )
