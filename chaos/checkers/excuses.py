"""What excuses an engine that ran a task again: what more than one checker asks of two attempts.

A fault excuses only those whom it struck, and only while it was at work: a process that was paused
in another minute, or another one that was, excuses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.leases import has_run_out, lease_end
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chaos.attempts import Attempt
    from chaos.history import History
    from chaos.rows import Claim
    from engine.subjects.contract import Contract


def successions(history: History, starts: Iterable[Attempt]) -> Iterator[tuple[Attempt, Attempt]]:
    """Yield each start of a row with the one that it follows.

    One that was ordered before and that a death or a fault delayed follows nothing.
    """
    last: Attempt | None = None
    for start in starts:
        if last is not None and history.may_be_belated(start, last.start):
            continue
        if last is not None:
            yield last, start
        last = start


def is_excused(history: History, contract: Contract, attempt: Attempt, until: int) -> bool:
    """Tell whether a correct engine may have run its task again at ``until``.

    It may have if the attempt raised or ran into the contract's timeout, or if its process or the
    holder of its claim may have died or been held up.
    """
    return (
        (attempt.outcome == "fail" and attempt.end <= until)
        or history.may_have_been_cut_off(attempt, until)
        or history.may_have_timed_out(attempt, contract.timeout_seconds, until)
    )


def is_start_excused(history: History, contract: Contract, attempt: Attempt, until: int) -> bool:
    """Tell the same of another start; it may also be that a renewed lease ran out in between.

    Then the engine kept the lease alive and was held up, which a busy machine can do to anybody.
    """
    return is_excused(history, contract, attempt, until) or any(
        claim.is_renewed and _ran_out_between(claim, since, until)
        for claim, since in history.tenures(attempt)
    )


def _ran_out_between(claim: Claim, start: float, end: float) -> bool:
    """Tell whether nothing but its time ended the lease, from ``start`` to ``end``."""
    is_in_time = start - CLOCK_SLACK_NS <= lease_end(claim) <= end + CLOCK_SLACK_NS
    return is_in_time and has_run_out(claim)
