"""priority-inversion: a row was claimed while another one of higher priority had waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Findings
from chaos.checkers.passing_over import Judged, greatest_first, sweep
from chaos.checkers.waits import find_waits

if TYPE_CHECKING:
    from chaos.checkers.passing_over import PassedOver
    from chaos.checkers.waits import Wait
    from chaos.history import History
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the claims that passed over rows of their queue with a higher priority."""
    waits = [wait for wait in find_waits(history) if wait.priority is not None]
    judged = Judged(history, contract)
    claims = list(sweep(judged, waits, group=lambda wait: wait.queue, key=_place))
    return Findings(
        exercised=sum(one.first.priority != one.claimed.priority for one in claims),
        found=greatest_first(
            (one for one in claims if one.depth), lambda one: _prove(history, one)
        ),
    )


def _place(wait: Wait) -> float:
    return -(wait.priority or 0.0)


def _prove(history: History, one: PassedOver) -> str:
    claimed, first = one.claimed, one.first
    return (
        f"row {claimed.row.id} of priority {claimed.priority} was claimed at"
        f" {history.at(claimed.until_time)} while {one.depth} of higher priority waited in its"
        f" queue: row {first.row.id} of priority {first.priority} since"
        f" {history.at(first.ready_time)}"
    )


CHECKER = Checker(
    name="priority-inversion",
    opportunities="claims while a row of another priority had waited for a second",
    find=find,
    is_promised=lambda contract: contract.priorities,
)
