"""order-inversion: a row was claimed while another one of its priority, due earlier, had waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Findings
from chaos.checkers.passing_over import Judged, greatest_first, sweep
from chaos.checkers.waits import find_waits

if TYPE_CHECKING:
    from chaos.checkers.passing_over import PassedOver
    from chaos.history import History
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the claims that passed over rows of their queue and priority that were due earlier."""
    claims = list(
        sweep(
            Judged(history, contract),
            [wait for wait in find_waits(history) if wait.priority is not None],
            group=lambda wait: (wait.queue, wait.priority),
            key=lambda wait: wait.run_at,
        )
    )
    wrong = [claim for claim in claims if claim.depth]
    return Findings(
        exercised=len(claims), found=greatest_first(wrong, lambda one: _prove(history, one))
    )


def _prove(history: History, one: PassedOver) -> str:
    claimed, first = one.claimed, one.first
    return (
        f"row {claimed.row.id}, due at {history.at_database(claimed.run_at, claimed.opened)}, was"
        f" claimed at {history.at(claimed.until_time)} while {one.depth} of its queue and priority"
        f" waited that were due before it: row {first.row.id} since"
        f" {history.at(first.ready_time)}, due at {history.at_database(first.run_at, first.opened)}"
    )


CHECKER = Checker(
    name="order-inversion",
    opportunities="claims while an equal row had waited for a second",
    find=find,
    is_promised=lambda contract: contract.in_order,
)
