"""Claims: who gets which task, in which order, and until when a worker without one may sleep."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from background_task import claims
from background_task.due import MOST_LANES, Lookout, seconds_until_due
from background_task.terms import Terms
from properties.machine.calls import LATER, MOSTLY
from properties.machine.clock import GRAIN
from properties.machine.side_by_side import Held, SideBySide, no_refusal
from properties.machine.steps import step
from properties.model import LEASE, MAX_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Claim
    from properties.model import ModelTask

TERMS: Final = Terms(
    owner="machine:1", lease_seconds=LEASE, max_attempts=MAX_ATTEMPTS, timeout_seconds=60.0
)
OWNERS: Final = st.sampled_from(["machine:1", "machine:1", "machine:2"])
terms: Final = st.builds(
    dataclasses.replace,
    st.just(TERMS),
    owner=OWNERS,
    queues=st.sampled_from([(), (), ("mail",), ("default", "none")]),
    lowest_first=st.sampled_from([False, False, True]),
)


class Hurried(Lookout):
    """Finds every look slow, and looks from the start all the same: it has waited long enough."""

    SLOW_SECONDS = -1.0
    SHARE = 0


class Claiming(SideBySide):
    """What workers that are free do; each remembers from where to look."""

    def __init__(self) -> None:
        super().__init__()
        self._lookouts: dict[Terms, Lookout] = collections.defaultdict(Hurried)

    @step(4, terms=terms, limit=st.integers(1, 6), later=LATER, is_answered=MOSTLY)
    def claim(self, terms: Terms, limit: int, later: int, is_answered: bool) -> None:
        """A worker gets the due tasks of its queues; the answer of its claim may be lost."""
        self.step_clock(later)
        claimed = self._claim(terms, limit)
        self.note("claim: unanswered", if_=claimed and not is_answered)
        self.held += claimed if is_answered else []
        if len(claimed) < limit:
            self._look_ahead(terms)

    def _claim(self, terms: Terms, limit: int) -> list[Held]:
        with no_refusal("stuck"), self.database.transaction():
            claimed = claims.claim(self.database, terms, limit=limit, lookout=self._lookouts[terms])
        due = sorted(self.model.due(terms.queues), key=self._start_order(terms))
        self._check_claims(claimed, due, limit)
        self._note_claims(terms, due, limit)
        held = []
        for claim in claimed:
            model = self.model.claim(claim.id, terms.owner)
            self._check_claim(claim, self.model.live[claim.id])
            held.append(Held(engine=claim, model=model, owner=terms.owner))
        return held

    def _start_order(self, terms: Terms) -> Callable[[ModelTask], tuple[object, ...]]:
        sign = 1 if terms.lowest_first else -1
        run_at = self.found.due_order
        return lambda task: (sign * task.priority, task.run_at, run_at.get(task.id), task.id)

    def _check_claims(self, claimed: list[Claim], due: list[ModelTask], limit: int) -> None:
        ids, order = [claim.id for claim in claimed], [task.id for task in due]
        if ids == order[:limit]:
            return
        assert len({*ids}) == len(ids), f"double-claim: {ids} in one claim"
        for id_ in {*ids} - {*order}:
            raise AssertionError(f"{self._why_not_due(id_)}: #{id_} was claimed")
        assert len(ids) <= limit, f"unjustified-redelivery: {len(ids)} claimed, {limit} wanted"
        assert len(ids) == len(order[:limit]), f"stuck: {ids} claimed of {order}, limit {limit}"
        chosen = [self.model.live[id_].priority for id_ in ids]
        best = [task.priority for task in due[:limit]]
        name = "order-inversion" if chosen == best else "priority-inversion"
        raise AssertionError(f"{name}: {ids} were claimed before {order[:limit]}")

    def _why_not_due(self, id_: int) -> str:
        task = self.model.live.get(id_)
        if task is None:
            return "unexpected"
        if task.lease_until is not None:
            return "double-claim"
        return "premature" if task.run_at > self.model.now else "illegal-transition"

    def _check_claim(self, claim: Claim, task: ModelTask) -> None:
        call = task.call
        assert claim.token == task.token, f"double-claim: {claim} has not token {task.token}"
        is_charged = claim.attempt == task.attempts
        assert is_charged, f"uncounted-attempt: {claim} is attempt {task.attempts}"
        assert claim.attempt <= claim.max_attempts == task.max_attempts, f"attempt-overrun: {claim}"
        timeout = call.timeout or TERMS.timeout_seconds
        assert claim.timeout_seconds == timeout, f"unprovoked-death: {claim} has {timeout} s"
        has_sequel = bool(call.repeat or call.window is not None)
        assert claim.has_sequel == has_sequel, f"missed-fire: has {claim} a sequel?"
        lateness = GRAIN * round(claim.late_seconds / GRAIN)
        assert lateness == self.model.now - task.run_at, f"late: {claim}"
        assert claim.queue == call.queue, f"corruption: {claim} is of {call.queue}"

    def _note_claims(self, terms: Terms, due: list[ModelTask], limit: int) -> None:
        many = "claim: as many as asked for"
        self.note(many if len(due) >= limit else "claim: fewer than asked for")
        self.note("claim: due in another queue", if_=len(due) < len(self.model.due()))
        priorities = {task.priority for task in due}
        self.note("claim: lowest first", if_=terms.lowest_first and len(priorities) > 1)
        self.note("claim: more priorities than lanes", if_=len(priorities) > MOST_LANES)

    def _look_ahead(self, terms: Terms) -> None:
        """A worker sleeps until the next task is due or the next lease ends, and no longer."""
        live = self.model.live.values()
        of_others = {task.call.queue for task in live} - {*terms.queues} if terms.queues else set()
        times = [task.run_at for task in self.model.waiting() if task.call.queue not in of_others]
        times += [task.lease_until for task in live if task.lease_until is not None]
        self.note("look ahead: something comes" if times else "look ahead: nothing comes")
        until = seconds_until_due(self.database, terms)
        wait = min(times) - self.model.now if times else None
        told = None if until is None else GRAIN * round(until / GRAIN)
        assert told == wait, f"lost-wakeup: the next look is in {told} s, and should be in {wait} s"
