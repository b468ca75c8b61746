"""Operators: they requeue, cancel, hurry and prune."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from background_task import pruning
from background_task.monitoring import control
from background_task.requeue import requeue
from properties.machine.calls import LATER
from properties.machine.side_by_side import SideBySide, no_refusal
from properties.machine.steps import step

if TYPE_CHECKING:
    from properties.model import ModelTask

AGES: Final = st.sampled_from([None, None, 500, 6_500, 30_500])
BATCH: Final = 1_000
PICKS: Final = st.sets(st.integers(0, 9), min_size=1, max_size=4)

_HURRY: Final = {None: control.run_now, 1: control.raise_priority, -1: control.lower_priority}


class Operating(SideBySide):
    """What people and their cron jobs do to the queue."""

    @step(3, picks=st.none() | PICKS, is_repeated=st.booleans())
    def requeue(self, picks: set[int] | None, is_repeated: bool) -> None:
        """Failed tasks wait again, once, unless an equal one is live or has the hash."""
        ids = sorted(self.known) if picks is None else _pick(self.model.failed, picks)
        again = self._requeue(ids)
        if is_repeated:
            self._requeue(ids)
            self.note("requeue: twice", if_=again)

    @step(1, picks=PICKS)
    def cancel(self, picks: set[int]) -> None:
        """Waiting tasks are forgotten; a task that a worker holds is left alone."""
        ids = _pick(self.model.live, picks)
        was = dict(self.model.live)
        cancelled = control.cancel(self.database, ids)
        expected = [id_ for id_ in ids if self.model.cancel(id_)]
        name = "vanished" if cancelled > len(expected) else "unexpected"
        assert cancelled == len(expected), f"{name}: {cancelled} cancelled of {ids}, not {expected}"
        self.note("cancel: waiting", if_=expected)
        self.note("cancel: claimed", if_={*ids} & {*self.model.live})
        self.note("cancel: a chain", if_=any(was[id_].call.repeat for id_ in expected))

    @step(2, picks=PICKS, by=st.sampled_from([None, -1, 1]))
    def hurry(self, picks: set[int], by: int | None) -> None:
        """Waiting tasks are made due, or are raised or lowered by one; others are left alone."""
        ids = _pick(self.model.live, picks)
        changed = _HURRY[by](self.database, ids)
        waiting = [task for task in self.model.waiting() if task.id in ids]
        assert changed == len(waiting), f"illegal-transition: {changed} of {ids} were changed"
        late = [task for task in waiting if task.run_at > self.model.now]
        self.note("hurry: made due", if_=late and by is None)
        self.note("hurry: priority changed", if_=waiting and by)
        for task in waiting:
            task.run_at = min(task.run_at, self.model.now) if by is None else task.run_at
            task.priority += by or 0

    @step(2, completed=AGES, failed=AGES, later=LATER)
    def prune(self, completed: int | None, failed: int | None, later: int) -> None:
        """What ended long ago is removed with its errors, and holds that are over."""
        self.step_clock(later)
        old = pruning.old_rows(self.database, completed=_age(completed), failed=_age(failed))
        for rows in old.values():
            for _ in pruning.remove(self.database, rows, batch=BATCH):
                pass
        model = self.model
        orphans = {*model.errors} - {*model.live, *model.completed, *model.failed}
        self.note("prune: errors of tasks that are gone", if_=orphans)
        was = (len(model.completed), len(model.failed), len(model.held))
        model.prune(completed=completed, failed=failed)
        left = (len(model.completed), len(model.failed), len(model.held))
        for name, before, after in zip(("completed", "failed", "held"), was, left, strict=True):
            self.note(f"prune: {name}", if_=after < before)
        self.note("prune: too young", if_=(completed and left[0]) or (failed and left[1]))

    def _requeue(self, ids: list[int]) -> list[int]:
        with no_refusal("stuck"):
            told = requeue(self.database, ids)
        model = self.model
        self.note("requeue: not failed", if_={*ids} - {*model.failed})
        chosen = [model.failed[id_] for id_ in sorted({*ids}) if id_ in model.failed]
        for task in chosen:
            holder = model.duplicate_of(task.call)
            self.note("requeue: an equal task is live", if_=holder in model.live)
            self.note("requeue: the hash is held", if_=holder and holder not in model.live)
        keys = [task.call.key for task in chosen if task.call.is_unique]
        self.note("requeue: equal ones at once", if_=len({*keys}) < len(keys))
        again = model.requeue(ids)
        name = "dedupe-violation" if told.requeued > len(again) else "stuck"
        assert told.requeued == len(again), f"{name}: {told} of {ids}, and not {again}"
        stay = len(chosen) - len(again)
        assert told.duplicates == stay, f"conservation: {told} of {ids}, and {stay} stay"
        self.note("requeue: waits again", if_=again)
        return again


def _age(seconds: int | None) -> datetime.timedelta | None:
    return None if seconds is None else datetime.timedelta(seconds=seconds)


def _pick(tasks: dict[int, ModelTask], picks: set[int]) -> list[int]:
    """Return the ids of some of the tasks, by their places."""
    ids = sorted(tasks)
    return sorted({ids[number % len(ids)] for number in picks if ids})
