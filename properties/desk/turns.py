"""Turns of a worker's supervisor, with the books that it has to keep, checked between the steps."""

from __future__ import annotations

import collections
import contextlib
from typing import TYPE_CHECKING, ClassVar, Final

from hypothesis import event
from hypothesis.stateful import RuleBasedStateMachine

from background_task.enqueue import queue_database
from background_task.models import Worker as WorkerRow
from properties.desk import judge
from properties.desk.clock import LEASE, Clock
from properties.desk.faults import AFTER_COMMIT, Fault, Faults
from properties.desk.judge import name_of
from properties.desk.worker import Worker
from properties.queue_tables import empty_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from background_task.attempt import Ended
    from properties.desk.judge import Beliefs, Name

    Question = Callable[[Beliefs, Mapping[Name, float]], str | None] | None

HAPPENINGS: Final = frozenset(
    {
        "renewed",
        "renewed while it waited",
        "lost to another: waiting",
        "lost to another: handed",
        "lapsed: waiting",
        "lapsed: handed",
        "answer lost: claims were forgotten",
        "answer lost: ends were told again",
        "exchange refused with ends",
        "recorded apart beside others",
        "returned by a child",
        "a child died",
        "waiting as the worker stopped",
        "released",
    }
)
"""What has to happen in a run, so that its silence means something."""


class Turns(RuleBasedStateMachine):
    """A worker's supervisor: each of its turns, and what is asked after each part of it.

    Attributes:
        happened: what happened, and how often, over all examples.
        taken: this worker's claims that another one took, and when.
        known: the claims that it has held.
        told: ends that children told, until they are recorded.
    """

    happened: ClassVar[collections.Counter[str]] = collections.Counter()

    def __init__(self) -> None:
        super().__init__()
        self.database = queue_database()
        self._stack = contextlib.ExitStack()
        self.clock = Clock()
        self._stack.enter_context(self.clock.installed())
        self.faults = Faults(self.database.connection)
        self._stack.enter_context(self.faults.installed())
        self._workers = 0
        empty_tables()
        WorkerRow.objects.all().delete()
        self.start_worker()

    def teardown(self) -> None:
        """Give the engine its time back."""
        self._stack.close()

    def note(self, happening: str, *, if_: object = True) -> None:
        """Remember that something happened."""
        assert happening in HAPPENINGS, f"{happening!r} is not in HAPPENINGS"
        if if_:
            self.happened[happening] += 1
            event(happening)

    def start_worker(self) -> None:
        """Begin with a worker that holds nothing, and that nobody else was ever."""
        self._workers += 1
        self.worker = Worker(self.database, f"worker-{self._workers}", self.clock)
        self.taken: dict[Name, float] = {}
        self.known: set[Name] = set()
        self.told: list[Ended] = []

    def turn_round(self, fault: Fault | None = None) -> None:
        """Do what the supervisor's loop does, in the same order."""
        worker = self.worker
        worker.hand_out()
        before = worker.beliefs()
        waiting = {name_of(claim) for claim in worker.holdings.waiting}
        worker.desk.give_up_lost_leases()
        lapsed = {*before.startable} - {*worker.beliefs().startable}
        self.note("lapsed: waiting", if_=lapsed & waiting)
        self.note("lapsed: handed", if_=lapsed - waiting)
        self.check(judge.lapsed)
        self.note("returned by a child", if_=any(child.is_returning for child in worker.children))
        worker.listen()
        self.check()
        self._talk(fault)

    def _talk(self, fault: Fault | None) -> None:
        worker, retry_at = self.worker, self.worker.desk.outage.retry_at
        leases = judge.leases_of(self.database, worker.owner)
        before, ends = worker.beliefs(), list(worker.holdings.unrecorded)
        waiting = {name_of(claim) for claim in worker.holdings.waiting}
        with self.faults.during_talk(fault):
            worker.desk.talk()
        after = judge.leases_of(self.database, worker.owner)
        renewed = {name for name, seconds in leases.items() if after.get(name, 0) > seconds + 1}
        self.note("renewed", if_=renewed)
        self.note("renewed while it waited", if_=renewed & waiting)
        given_up = {*self.taken} & ({*before.startable} - {*worker.beliefs().startable})
        self.note("lost to another: waiting", if_=given_up & waiting)
        self.note("lost to another: handed", if_=given_up - waiting)
        self.note("released", if_=waiting & (leases.keys() - after.keys()))
        self.note("exchange refused with ends", if_=self.faults.struck and ends)
        self.note("recorded apart beside others", if_=self.faults.was_poisoned and len(ends) > 1)
        self._note_lost_answer(leases.keys() - after.keys(), after.keys() - before.held)
        is_answered = retry_at <= self.clock.now and not worker.desk.outage.is_on
        self.check(self._heartbeat if is_answered else None)

    def _note_lost_answer(self, ended: set[Name], claimed: set[Name]) -> None:
        if self.faults.struck == AFTER_COMMIT:
            held = self.worker.beliefs().held
            self.note("answer lost: ends were told again", if_=ended & {*held})
            self.note("answer lost: claims were forgotten", if_=claimed - {*held})

    def _heartbeat(self, beliefs: Beliefs, leases: Mapping[Name, float]) -> str | None:
        """What was taken before the last renewal is known to be."""
        told = self.clock.now - LEASE / 3
        return judge.heartbeat(
            beliefs, leases, [name for name, since in self.taken.items() if since <= told]
        )

    def check(self, also: Question = None) -> None:
        """Whatever was done: the books are right."""
        beliefs = self.worker.beliefs()
        leases = judge.leases_of(self.database, self.worker.owner)
        over = [ended for ended in self.told if name_of(ended.claim) not in beliefs.held]
        problem = (
            judge.records(over, self.taken)
            or judge.ownership(beliefs, leases, self.known, self.taken)
            or (also and also(beliefs, leases))
        )
        assert not problem, problem
        self.told = [ended for ended in self.told if name_of(ended.claim) in beliefs.held]
        self.known |= beliefs.held
