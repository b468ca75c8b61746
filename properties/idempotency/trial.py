"""Deliver a task by one plan after the other, each from the same start, and compare the states."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import time
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from properties.idempotency import lives
from properties.idempotency.bodies import body_of, is_atomic, name_of
from properties.idempotency.databases import queue_alias, usable_aliases
from properties.idempotency.differences import differences, not_allowed
from properties.idempotency.effects import call_text, effects_of, watched
from properties.idempotency.errors import CannotTellError, Killed, NotIdempotentError
from properties.idempotency.facts import Fact, State, facts_of, plain_fact
from properties.idempotency.lives import Life
from properties.idempotency.mails import Outbox, empty_outbox, mails_in
from properties.idempotency.plans import Plan
from properties.idempotency.reading import Table, Tables
from properties.idempotency.report import chance, report
from properties.idempotency.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The arguments of a delivery; each delivery gets a copy of its own."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __str__(self) -> str:
        return call_text(self.args, self.kwargs)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user asked for besides the task; see ``assert_idempotent``."""

    given: Callable[..., Any] | None
    observe: Callable[[], Any] | None
    ignore: Sequence[str]
    may_repeat: Sequence[str]
    may_raise: tuple[type[BaseException], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a plan led to.

    Attributes:
        start: the state before the first delivery.
        state: the state after the last.
        lives: the deliveries.
    """

    start: State
    state: State
    lives: Sequence[Life]


class Trial:
    """One task under trial.

    Attributes:
        name: what people call the task.
    """

    def __init__(self, task: Any, wishes: Wishes) -> None:
        self.name = name_of(task)
        self._body = body_of(task)
        self._wishes = wishes
        self._atomic_alias = queue_alias() if is_atomic(task) else None
        self._singles: dict[tuple[str, frozenset[Table]], Outcome] = {}
        self._has_changed_anything = False

    @contextlib.contextmanager
    def opened(self, effects: Sequence[Any] = ()) -> Iterator[None]:
        """Hold the databases and these effects; they are as before afterwards."""
        with watched(effects), contextlib.ExitStack() as stack:
            self._boxes = [Sandbox(connections[alias]) for alias in usable_aliases()]
            for box in self._boxes:
                stack.enter_context(box.opened())
            self._tables = Tables(self._boxes, self._wishes.ignore)
            yield

    def single(self, call: Call) -> Outcome:
        """Deliver once, and make sure that this says something: twice from the same start.

        Raises:
            CannotTellError: the task raises, or leaves another state each time.
        """
        self._first_look(call)
        known = self._singles.get((str(call), self._tables.watched()))
        if known is not None:
            return known
        first, second = self.run(call, Plan()), self.run(call, Plan())
        self._refuse_chance(call, first, second)
        self._has_changed_anything |= bool(_differ(first.start, first.state))
        self._singles[str(call), self._tables.watched()] = first
        return first

    def judge(self, call: Call, plan: Plan) -> None:
        """Hold what a plan leads to against a single delivery.

        Raises:
            NotIdempotentError: they differ, or the last delivery raises.
        """
        outcome = self.run(call, plan)
        found = differences(self.single(call).state, outcome.state)
        deaths = sum(bool(life.death) for life in outcome.lives)
        found = not_allowed(found, self._wishes.may_repeat, deaths)
        if found or not self._may_raise(outcome.lives[-1].error):
            raise NotIdempotentError(report(self.name, str(call), outcome.lives, found))

    def run(self, call: Call, plan: Plan, *, everything: bool = False) -> Outcome:
        """Carry a plan out, and go back to the start."""
        with contextlib.ExitStack() as stack:
            for box in self._boxes:
                stack.enter_context(box.run())
            outbox = stack.enter_context(empty_outbox())
            since = time.time()
            self._make_start(call)
            start = self._state(since, outbox, (), everything=everything)
            done = self._deliveries(call, plan)
            state = self._state(since, outbox, done, everything=everything)
        return Outcome(start=start, state=state, lives=done)

    def refuse_no_effect(self) -> None:
        """Refuse to say anything of a task that did nothing.

        Raises:
            CannotTellError: no single delivery changed the state.
        """
        if not self._has_changed_anything:
            raise CannotTellError(
                f"{self.name} changes nothing that is compared, so nothing was tested: make the "
                "rows that it works on before it or with given=, name what it does elsewhere in "
                "effects= or observe=, or pass allow_no_effect=True."
            )

    def _first_look(self, call: Call) -> None:
        """Look at all tables, once: a trigger writes to tables that no statement names."""
        if not self._singles:
            outcome = self.run(call, Plan(), everything=True)
            self._refuse_error(call, outcome.lives[-1].error)
            self._tables.watch(fact.table for fact in _differ(outcome.start, outcome.state))

    def _deliveries(self, call: Call, plan: Plan) -> list[Life]:
        done = []
        for kill_at in (*plan.kills, None):
            life = self._deliver(call, Life(kill_at))
            done.append(life)
            if self._atomic_alias and life.is_committed:
                break  # the end of the task was committed with its body: it is not delivered again
        return done

    def _deliver(self, call: Call, life: Life) -> Life:
        args, kwargs = copy.deepcopy((call.args, call.kwargs))
        with lives.running(life):
            try:
                with self._queue_transaction():
                    self._body(*args, **kwargs)
                for box in self._boxes:
                    box.check_constraints()
            except Killed:
                pass
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a worker outlives these
                life.error = None if life.death else error
        for box in self._boxes:
            box.settle()
        if life.refusal:
            raise CannotTellError(
                f"{self.name} runs {life.refusal!r}, which the database cannot take back to try "
                "the next plan: leave that to a function of its own, and test the rest."
            )
        return life

    def _queue_transaction(self) -> contextlib.AbstractContextManager[object]:
        if self._atomic_alias is None:
            return contextlib.nullcontext()
        return transaction.atomic(using=self._atomic_alias)

    def _make_start(self, call: Call) -> None:
        given = self._wishes.given
        if given is not None:
            args, kwargs = copy.deepcopy((call.args, call.kwargs))
            if _takes(given, args, kwargs):
                given(*args, **kwargs)
            else:
                given()

    def _state(
        self, since: float, outbox: Outbox, done: Sequence[Life], *, everything: bool
    ) -> State:
        others = [*mails_in(outbox), *effects_of(done)]
        if self._wishes.observe is not None:
            others.append(plain_fact("observe", {"value": repr(self._wishes.observe())}))
        rows = self._tables.rows(since, time.time(), everything=everything)
        return State((*facts_of(rows), *filter(None, map(self._tables.not_ignored, others))))

    def _refuse_error(self, call: Call, error: BaseException | None) -> None:
        if not self._may_raise(error):
            raise CannotTellError(
                f"{self.name}({call}) raises {type(error).__name__} when it is delivered for the "
                f"first time ({error}): make the rows that it works on with given=, or draw "
                "arguments that it accepts."
            ) from error

    def _refuse_chance(self, call: Call, first: Outcome, second: Outcome) -> None:
        self._refuse_error(call, first.lives[-1].error)
        if found := differences(first.state, second.state):
            raise CannotTellError(chance(self.name, str(call), found))

    def _may_raise(self, error: BaseException | None) -> bool:
        return error is None or isinstance(error, self._wishes.may_raise)


def _differ(one: State, other: State) -> list[Fact]:
    return [*one.lacks(other), *other.lacks(one)]


def _takes(function: Callable[..., Any], args: Any, kwargs: Any) -> bool:
    """Whether it can be called with the task's arguments; else it is called with none."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return False
    return True
