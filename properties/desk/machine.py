"""Whatever children, time, other workers and the database do: the desk keeps its books."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from background_task import claims, outcomes
from background_task.enqueue import Enqueue, enqueue
from background_task.models import ScheduledTask
from background_task.outcomes import Failed, Finished
from properties.desk import judge
from properties.desk.clock import FLUSH, HELD_BACK, LEASE, RESULT
from properties.desk.faults import FAULTS, POISON, Fault
from properties.desk.judge import name_of
from properties.desk.turns import Turns
from properties.desk.worker import QUEUE, SECONDS, TASK, terms_of
from properties.machine.steps import Step, step, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from background_task.attempt import Ended
    from background_task.claims import Claim
    from properties.desk.judge import Beliefs, Name

    Question = Callable[[Beliefs, Mapping[Name, float]], str | None] | None

FINISHED, FAILED, REFUSED, DIED = "finished", "failed", "refused", "died"
PAUSES: Final = st.sampled_from(
    [0.0, 0.0, 1.0, FLUSH, FLUSH, LEASE / 3, LEASE / 3, HELD_BACK, LEASE + 100]
)
"""The last is a machine that slept: whatever was held is over."""
TURNS_TO_STOP: Final = 30


class DeskMachine(Turns):
    """What may happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self._enqueued = 0

    @rule(step=st.deferred(lambda: steps_of(DeskMachine)))
    def take(self, step: Step) -> None:
        """Take one step."""
        getattr(self, step.name)(**step.arguments)

    @initialize()
    def begin(self) -> None:
        """Tasks wait, and children run some of them."""
        self.enqueue(9)
        self.turn_round()
        self.worker.hand_out()

    @step(3, number=st.integers(1, 8))
    def enqueue(self, number: int) -> None:
        """Tasks come, and the worker hears of them."""
        with self.database.transaction():
            for _ in range(number):
                self._enqueued += 1
                params = f"[[{self._enqueued}], {{}}]"
                enqueue(Enqueue(task_name=TASK, task_params=params, queue=QUEUE))
        self.worker.desk.look_now()

    @step(6, children=st.lists(st.integers(0, 1), min_size=1, max_size=5))
    def work(self, children: list[int]) -> None:
        """Children end tasks."""
        for number in children:
            self._end(number, FINISHED)

    @step(4, child=st.integers(0, 1), how=st.sampled_from([FAILED, FAILED, REFUSED, DIED]))
    def go_wrong(self, child: int, how: str) -> None:
        """A child ends a task in another way."""
        self._end(child, how)

    @step(8, seconds=PAUSES)
    def turn(self, seconds: float) -> None:
        """Time passes, and the supervisor's loop goes round once."""
        self.clock.step(seconds)
        self.turn_round()

    @step(5, seconds=PAUSES, fault=FAULTS)
    def turn_with_fault(self, seconds: float, fault: Fault) -> None:
        """It goes round, and the database fails."""
        self.clock.step(seconds)
        self.turn_round(fault)

    @step(3, pick=st.integers(0, 9))
    def take_over(self, pick: int) -> None:
        """Another worker finds a lease over, and claims the task."""
        owned = judge.leases_of(self.database, self.worker.owner)
        if not owned:
            return
        # The last claimed first: they may wait.
        id_, _ = sorted(owned)[-1 - pick % len(owned)]
        past = datetime.timedelta(seconds=2 * LEASE)
        ScheduledTask.objects.filter(id=id_).update(lease_until=F("lease_until") - past)
        rival = terms_of("rival")
        outcomes.reap(self.database, rival)
        with self.database.transaction():
            claims.claim(self.database, rival, limit=1000)
        lost = owned.keys() - judge.leases_of(self.database, self.worker.owner).keys()
        self.taken |= dict.fromkeys(lost, self.clock.now)
        self.check()

    @step(1)
    def stop(self) -> None:
        """The worker is told to stop, does so, and another one begins."""
        self.note("waiting as the worker stopped", if_=self.worker.holdings.waiting)
        self.worker.desk.may_claim = False
        for _ in range(TURNS_TO_STOP):
            self.turn_round()
            if not self.worker.desk.held() and not self.worker.desk.outage.is_on:
                break
            for number in range(len(self.worker.children)):
                self._end(number, FINISHED)
            self.clock.step(FLUSH)
        held = self.worker.desk.held()
        assert not held, f"stuck: the worker cannot stop, as it holds {held}"
        owned = judge.leases_of(self.database, self.worker.owner)
        assert not owned, f"stuck: {[*owned]} are left in the name of a worker that has stopped"
        self.start_worker()

    def _end(self, number: int, how: str) -> None:
        """Have a child end what it runs, if it runs something."""
        children = [child for child in self.worker.children if child.is_alive and child.running]
        if not children:
            return
        child = children[number % len(children)]
        if how == DIED:
            child.is_dead = True
            self.note("a child died")
        else:
            ended = _end_of(child.running, how)
            child.say_end(ended)
            self.told.append(ended)


def _end_of(claim: Claim, how: str) -> Ended:
    if how == FAILED:
        error = f"the end of {name_of(claim)}"
        return Failed(claim=claim, error=error, retry_in=0.0, seconds=SECONDS)
    result = f'"{POISON}"' if how == REFUSED else RESULT
    return Finished(claim=claim, result=result, seconds=SECONDS)
