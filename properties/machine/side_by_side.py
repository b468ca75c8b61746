"""The model and the engine beside each other, and the question whether they agree.

Every assertion names an anomaly of ``docs/anomalies``.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from django.db import Error
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from background_task.enqueue import queue_database
from properties.machine import anomalies, contents
from properties.machine.calls import STEPS, params_of, request_of
from properties.machine.clock import Clock
from properties.machine.contents import Contents
from properties.machine.happenings import HAPPENINGS
from properties.machine.steps import step
from properties.model import Call, ModelClaim, ModelQueue
from properties.queue_tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.claims import Claim
    from background_task.enqueue import Enqueue

PICK: Final = st.integers(0, 6)
NOTHING: Final = Contents(tasks={}, errors={}, held={})

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One claim as the engine gave it and as the model did."""

    engine: Claim
    model: ModelClaim
    owner: str


@contextlib.contextmanager
def no_refusal(anomaly: str) -> Iterator[None]:
    """Name an error of the database where the model has none."""
    try:
        yield
    except Error as error:
        raise AssertionError(f"{anomaly}: the database refused: {error}") from error


class SideBySide(RuleBasedStateMachine):
    """What the steps share: both queues, what the workers hold, and the comparison.

    Attributes:
        happened: how often each branch was reached, over all examples.
        known: the ids of all tasks that there ever were.
        stray: what it is called if a task turns up that the model does not know.
    """

    happened: ClassVar[collections.Counter[str]] = collections.Counter()

    def __init__(self) -> None:
        super().__init__()
        self.database = queue_database()
        self.model = ModelQueue()
        self.held: list[Held] = []
        self.known: set[int] = set()
        self.stray = "unexpected"
        self.found = NOTHING

    @initialize()
    def empty(self) -> None:
        """Begin with empty tables."""
        with self.database.transaction():
            for table in TABLES:
                table._default_manager.using(self.database.alias).all()._raw_delete(
                    self.database.alias
                )
        self.clock = Clock(self.database)

    @step(1, seconds=STEPS)
    def step_clock(self, seconds: int) -> None:
        """Time passes."""
        if seconds:
            self.clock.step(seconds, self.found.tables)
            self.model.now += seconds

    @invariant()
    def tables_agree(self) -> None:
        """The rows are those of the model, column by column, in the table that the model says."""
        found = contents.found(self.database, self.clock)
        self._give_birth(found)
        problem = anomalies.describe(
            contents.wanted(self.model), found, seen=self.found.tasks, stray=self.stray
        )
        assert problem is None, problem
        unborn = [(run.call.key, run.slot) for run in self.model.unborn]
        assert not unborn, f"missed-fire: there is no run for {unborn}"
        self.found, self.stray = found, "unexpected"

    def request(self, call: Call) -> Enqueue:
        """Return what the engine is asked for a call that is made now."""
        now, time_of = self.model.now, self.clock.time_of
        end = None if call.lasts is None else time_of(now + call.lasts)
        return request_of(call, time_of(now + call.delay) if call.is_dated else call.delay, end)

    def pick(self, picks: dict[int, T]) -> list[tuple[Held, T]]:
        """Choose among the claims, the valid ones first; the others are zombies by now."""
        held = sorted(self.held, key=lambda one: not self.model.holds(one.model))
        return [(held[number % len(held)], value) for number, value in picks.items() if held]

    def note(self, happening: str, *, if_: object = True) -> None:
        """Remember that a branch was reached."""
        assert happening in HAPPENINGS, f"{happening!r} is not in happenings.py"
        if if_:
            self.happened[happening] += 1
            event(happening)

    def _give_birth(self, found: Contents) -> None:
        """Find out which ids the next runs have been given that the model waits for."""
        for id_ in sorted({*found.tasks} - self.known):
            row = found.tasks[id_]
            runs = [run for run in self.model.unborn if _is_of(run.call.key, row)]
            runs.sort(key=lambda run: contents.unlikeness(run, row))
            if runs:
                self.model.unborn.remove(runs[0])
                runs[0].id = id_
                self.model.live[id_] = runs[0]
                self.known.add(id_)
            elif row.get("repeat") and self.stray == "unexpected":
                self.stray = "double-fire"


def _is_of(key: str, row: contents.Row) -> bool:
    return bool(row["task_params"] == params_of(key) and row.get("slot_at") is not None)
