"""Producers: every way in which a task comes into the queue, and every way in which it does not."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from hypothesis import strategies as st

from background_task.bulk import Enqueued, enqueue_many
from background_task.enqueue import enqueue
from background_task.existing import put
from background_task.schedules import TaskSchedule
from background_task.task_options import TaskOptions
from properties.machine.calls import (
    DELAYS,
    KEYS,
    MOSTLY,
    TASK_NAME,
    calls,
    params_of,
)
from properties.machine.side_by_side import SideBySide, no_refusal
from properties.machine.steps import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.model import Call, ModelQueue

LADDER: Final = tuple(range(-4, 5))
"""More priorities than the engine has lanes for."""

_ACTIONS: Final = st.sampled_from(
    [TaskSchedule.SCHEDULE, TaskSchedule.RESCHEDULE_EXISTING, TaskSchedule.CHECK_EXISTING]
)


class Producing(SideBySide):
    """What producers do."""

    @step(4, call=calls, priorities=st.sampled_from([(0,)] * 7 + [LADDER]))
    def enqueue(self, call: Call, priorities: Sequence[int]) -> None:
        """A call enqueues, unless it duplicates a live task or one whose window is open."""
        is_unique = call.is_unique and len(priorities) == 1
        for change in priorities:
            priority = call.priority + change
            self._enqueue(dataclasses.replace(call, is_unique=is_unique, priority=priority))

    @step(3, call=calls, keys=st.lists(KEYS, min_size=1, max_size=6), commits=MOSTLY)
    def enqueue_many(self, call: Call, keys: list[str], commits: bool) -> None:
        """Calls at once are calls one after the other; without a commit they are none."""
        model = self.model if commits else copy.deepcopy(self.model)
        with transaction.atomic(using=self.database.alias):
            self._enqueue_many(model, call, keys)
            transaction.set_rollback(not commits, using=self.database.alias)
        self.note("bulk: rolled back", if_=not commits)
        self.stray = "unexpected" if commits else "aborted-enqueue-executed"

    @step(1, before=calls, undone=st.lists(calls, max_size=2), after=calls, commits=MOSTLY)
    def enqueue_in_a_transaction(
        self, before: Call, undone: list[Call], after: Call, commits: bool
    ) -> None:
        """What a savepoint undoes is not enqueued, and what surrounds it is, if it commits."""
        self.note("enqueue: a savepoint is rolled back", if_=undone and commits)
        self.note("enqueue: a transaction is rolled back", if_=not commits)
        self.stray = "aborted-enqueue-executed"
        model = self.model if commits else copy.deepcopy(self.model)
        with transaction.atomic(using=self.database.alias):
            self._enqueue(before, model)
            self._undo(undone, model)
            self._enqueue(after, model)
            transaction.set_rollback(not commits, using=self.database.alias)

    @step(2, call=calls, replaces=st.booleans(), action=_ACTIONS, delay=DELAYS)
    def put(self, call: Call, replaces: bool, action: int, delay: int) -> None:
        """A call replaces the equal ones that wait, moves them, or leaves them alone."""
        call = dataclasses.replace(call, delay=delay)
        options = TaskOptions(name=TASK_NAME, remove_existing_tasks=replaces)
        with no_refusal("lost"):
            task = put(self.request(call), options, action)
        for equal in self.model.equal_waiting(call) if replaces else ():
            self.note("existing: replaced")
            self.model.cancel(equal.id)
        stands_for_it = self.model.equal_waiting(call) if action else []
        name = "false-dedupe" if task is None else "dedupe-violation"
        assert (task is None) == bool(stands_for_it), f"{name}: {call} was put as {task}"
        if action == TaskSchedule.RESCHEDULE_EXISTING:
            for equal in stands_for_it:
                equal.run_at, equal.priority = self.model.now + delay, call.priority
        moved = action == TaskSchedule.RESCHEDULE_EXISTING
        self.note("existing: moved" if moved else "existing: left alone", if_=stands_for_it)
        if task is not None:
            self.note("existing: none waits")
            self._take(self.model, call, Enqueued(id=task.pk, is_duplicate=task.is_duplicate))

    def _enqueue(self, call: Call, model: ModelQueue | None = None) -> None:
        self._note_call(call)
        with no_refusal("lost"):
            task = enqueue(self.request(call))
        answer = Enqueued(id=task.pk, is_duplicate=task.is_duplicate)
        self._take(model or self.model, call, answer)

    def _undo(self, undone: list[Call], model: ModelQueue) -> None:
        """Enqueue within a savepoint that is rolled back."""
        scratch = copy.deepcopy(model)
        with transaction.atomic(using=self.database.alias):
            for call in undone:
                self._enqueue(call, scratch)
            transaction.set_rollback(True, using=self.database.alias)

    def _enqueue_many(self, model: ModelQueue, call: Call, keys: list[str]) -> None:
        request = self.request(call)
        with no_refusal("torn-batch"):
            answers = enqueue_many(request, [params_of(key) for key in keys])
        assert len(answers) == len(keys), "torn-batch: not every call has an answer"
        self.note("bulk: opted out of being unique", if_=not call.is_unique)
        before = {*model.live}
        for key, answer in zip(keys, answers, strict=True):
            single = dataclasses.replace(call, key=key)
            holder = model.duplicate_of(single)
            self.note("bulk: new", if_=holder is None)
            self.note("bulk: a duplicate of a live task", if_=holder in before)
            is_fresh = holder in model.live and holder not in before
            self.note("bulk: a duplicate within the batch", if_=is_fresh)
            self.note("bulk: a duplicate of a held hash", if_=holder and holder not in model.live)
            self._take(model, single, answer)

    def _take(self, model: ModelQueue, call: Call, answer: Enqueued) -> None:
        """Do what the engine did, which must be what the model would do."""
        holder = model.duplicate_of(call)
        refused_by = answer.id if answer.is_duplicate else None
        if holder is None and refused_by is not None:
            name = "false-dedupe" if refused_by in model.live else "stale-key"
            raise AssertionError(f"{name}: {call} was refused because of #{refused_by}")
        assert holder == refused_by, f"dedupe-violation: #{holder} has the key, not #{refused_by}"
        if holder is not None:
            return
        assert answer.id not in {*self.known, *model.live}, f"conservation: #{answer.id} was there"
        model.enqueue(answer.id, call)
        if model is self.model:
            self.known.add(answer.id)

    def _note_call(self, call: Call) -> None:
        holder, model = self.model.duplicate_of(call), self.model
        hold: Any = model.held.get(call.key)
        is_open = hold and hold.until > model.now and call.is_unique and holder is None
        twins = [task for task in model.live.values() if task.call.key == call.key]
        self.note("enqueue: new", if_=holder is None)
        self.note("enqueue: a live task is duplicated", if_=holder in model.live)
        self.note("enqueue: a held hash is duplicated", if_=holder and holder not in model.live)
        self.note("enqueue: a held hash is ignored without a window", if_=is_open)
        is_over = hold and hold.until <= model.now and call.window and holder is None
        self.note("enqueue: a window is over", if_=is_over)
        self.note("enqueue: opted out beside a twin", if_=twins and not call.is_unique)
