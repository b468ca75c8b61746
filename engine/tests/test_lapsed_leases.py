"""Leases that are over: what runs under them is stopped, what was claimed since goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from background_task.outcomes import Released
from background_task.worker.crew import LOST_DATABASE, Crew
from background_task.worker.holdings import Holdings
from engine.tests.claims import claim_of

if TYPE_CHECKING:
    from background_task.claims import Claim


class Process:
    """A child of a supervisor, as far as its claims and its end go."""

    def __init__(self, *claims: Claim) -> None:
        self.handed = {claim.id: claim for claim in claims}
        self.kill_reason = ""

    def kill(self, reason: str) -> None:
        """End it."""
        self.kill_reason = reason


def test_only_who_holds_a_lapsed_claim_is_stopped() -> None:
    """After a wait of seconds for the database, what was claimed at its end is fresh."""
    lapsed = Process(claim_of(1, 5.0), claim_of(2, 95.0))
    fresh, idle = Process(claim_of(3, 95.0)), Process()
    crew = object.__new__(Crew)
    crew.children = [lapsed, fresh, idle]  # type: ignore[list-item]

    assert crew.fence_lapsed(90.0) == 1
    assert lapsed.kill_reason == LOST_DATABASE
    assert not fresh.kill_reason
    assert not idle.kill_reason
    assert crew.fence_lapsed(90.0) == 0, "it is stopped once"


def test_only_lapsed_claims_that_wait_are_given_back() -> None:
    """The others keep their order."""
    holdings = Holdings()
    claims = [claim_of(1, 5.0), claim_of(2, 95.0), claim_of(3, 6.0), claim_of(4, 96.0)]
    holdings.wait_last(claims)

    holdings.release_lapsed(90.0)

    assert list(holdings.waiting) == [claims[1], claims[3]]
    assert holdings.unrecorded == [Released(claim=claims[0]), Released(claim=claims[2])]
