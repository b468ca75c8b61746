"""Leases: they are renewed and expire, and workers die and come back as zombies."""

from __future__ import annotations

import dataclasses

from hypothesis import strategies as st

from background_task import claims, outcomes
from background_task.claims import has_expired
from properties.machine.calls import LATER, MOSTLY, RARELY
from properties.machine.claiming import OWNERS, TERMS
from properties.machine.side_by_side import PICK, SideBySide, no_refusal
from properties.machine.steps import step
from properties.model import LEASE, ModelClaim


class Leasing(SideBySide):
    """What keeps a claim, and what is done about those whose worker died."""

    @step(3, picks=st.dictionaries(PICK, st.none(), min_size=1))
    def renew(self, picks: dict[int, None]) -> None:
        """A heartbeat renews what the worker holds, and tells it what it lost."""
        held = list({id(one): one for one, _ in self.pick(picks)}.values())
        lost = claims.renew(self.database, [each.engine for each in held], lease_seconds=LEASE)
        expected = [each.engine for each in held if not self.model.holds(each.model)]
        assert lost == expected, f"zombie-heartbeat: {lost} were lost, not {expected}"
        self.note("renew: lost", if_=lost)
        for each in held:
            if self.model.holds(each.model):
                lease_until = self.model.live[each.model.id].lease_until or 0
                is_over = lease_until < self.model.now
                self.note("renew: expired and still held" if is_over else "renew: held")
                self.model.renew(each.model)

    @step(2, later=LATER)
    def reap(self, later: int) -> None:
        """Every expired lease is taken back, and no other."""
        self.step_clock(later)
        is_there_one = has_expired(self.database)
        with no_refusal("stuck"):
            reaped = {task.id: task for task in outcomes.reap(self.database, TERMS)}
        was = dict(self.model.live)
        expected = self.model.reap()
        assert is_there_one == bool(expected), "stuck: whether there is something to reap"
        missed, early = expected - {*reaped}, {*reaped} - expected
        assert not missed, f"stuck: {sorted(missed)} expired and were not reaped"
        assert not early, f"unjustified-redelivery: {sorted(early)} were reaped early"
        for id_, task in reaped.items():
            given = (task.attempts, task.max_attempts, task.claimed_by)
            told = (was[id_].attempts, was[id_].max_attempts, was[id_].owner)
            assert given == told, f"uncounted-attempt: reaped {given}, not {told}"
        self.note("reap: none", if_=not expected)
        self.note("reap: waits again", if_=expected & {*self.model.live})
        self.note("reap: dead-lettered", if_=expected & {*self.model.failed})

    @step(3, owner=OWNERS, forgets_all=RARELY, comes_back=MOSTLY)
    def crash(self, owner: str, forgets_all: bool, comes_back: bool) -> None:
        """A worker forgets what it holds; or it comes back, and gives back what it forgot."""
        if forgets_all:
            self.note("crash", if_=[each for each in self.held if each.owner == owner])
            self.held = [each for each in self.held if each.owner != owner]
        if comes_back:
            self._release_forgotten(owner)

    def _release_forgotten(self, owner: str) -> None:
        held = [one for one in self.held if one.owner == owner]
        known = {one.model for one in held}
        lost = [
            claim
            for task in self.model.live.values()
            if task.lease_until is not None and task.owner == owner
            if (claim := ModelClaim(id=task.id, token=task.token)) not in known
        ]
        terms = dataclasses.replace(TERMS, owner=owner)
        engine = [one.engine for one in held]
        released = outcomes.release_forgotten(self.database, terms, engine)
        name = "stuck" if released < len(lost) else "unjustified-redelivery"
        assert released == len(lost), f"{name}: {released} of {len(lost)} were released"
        self.note("forgotten: released", if_=lost)
        self.note("forgotten: known claims are left", if_=any(map(self.model.holds, known)))
        hidden = {claim.id for claim in lost} & {claim.id for claim in known}
        self.note("forgotten: a stale claim of the same task is known", if_=hidden)
        for claim in lost:
            self.model.release(claim)
