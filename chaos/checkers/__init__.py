"""The checkers: one anomaly a file, and the analysis that runs them all.

The analysis is a pure function of the ops: a stored history can be judged again by better checkers.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Final

from chaos.checkers import (
    aborted_enqueue_executed,
    at_most_once_redelivery,
    attempt_overrun,
    backoff_violation,
    claim_after_stop,
    conservation,
    containment,
    corruption,
    dedupe_violation,
    double_claim,
    double_finish,
    double_fire,
    duplicated_effect,
    early_dead_letter,
    false_dedupe,
    illegal_transition,
    late,
    leak,
    limbo,
    lost,
    lost_wakeup,
    missed_fire,
    order_inversion,
    overlap,
    overlong_lease,
    premature,
    priority_inversion,
    slow_recovery,
    stale_key,
    starvation,
    stats,
    stuck,
    torn_batch,
    uncounted_attempt,
    unexpected,
    unjustified_redelivery,
    unnoticed_death,
    unprovoked_death,
    vanished,
    zombie_finish,
    zombie_heartbeat,
)
from chaos.checkers.checker import Checker
from chaos.checkers.gaps import Intention
from chaos.history import History
from reports.schema import Results, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from engine.subjects.contract import Contract
    from reports.schema import Op

__all__ = ["CHECKERS", "Checker", "Intention", "analyse"]

CHECKERS: Final[tuple[Checker, ...]] = (
    lost.CHECKER,
    vanished.CHECKER,
    unexpected.CHECKER,
    aborted_enqueue_executed.CHECKER,
    torn_batch.CHECKER,
    duplicated_effect.CHECKER,
    unjustified_redelivery.CHECKER,
    at_most_once_redelivery.CHECKER,
    overlap.CHECKER,
    double_claim.CHECKER,
    zombie_finish.CHECKER,
    zombie_heartbeat.CHECKER,
    overlong_lease.CHECKER,
    double_finish.CHECKER,
    illegal_transition.CHECKER,
    limbo.CHECKER,
    stuck.CHECKER,
    unnoticed_death.CHECKER,
    unprovoked_death.CHECKER,
    containment.CHECKER,
    claim_after_stop.CHECKER,
    attempt_overrun.CHECKER,
    early_dead_letter.CHECKER,
    uncounted_attempt.CHECKER,
    premature.CHECKER,
    backoff_violation.CHECKER,
    late.CHECKER,
    lost_wakeup.CHECKER,
    slow_recovery.CHECKER,
    order_inversion.CHECKER,
    priority_inversion.CHECKER,
    starvation.CHECKER,
    double_fire.CHECKER,
    missed_fire.CHECKER,
    dedupe_violation.CHECKER,
    false_dedupe.CHECKER,
    stale_key.CHECKER,
    corruption.CHECKER,
    conservation.CHECKER,
    leak.CHECKER,
    stats.CHECKER,
)

ALWAYS_REQUIRED: Final = frozenset(
    checker.name for checker in (lost.CHECKER, vanished.CHECKER, unexpected.CHECKER, stuck.CHECKER)
)
"""What every run puts to the test, whatever its faults."""


def analyse(
    ops: Iterable[Op],
    contract: Contract,
    *,
    exercises: Collection[str] = (),
    checkers: Iterable[Checker] = CHECKERS,
    intended: Intention = stats.NOTHING_INTENDED,
) -> Results:
    """Judge a history by what the contract promises; the worst check is the verdict.

    ``exercises`` names the properties that the run set out to put to the test, besides those that
    every run does: without an opportunity for one of them the verdict is UNKNOWN. So it is if
    something of what was ``intended`` did not come about.

    Raises ValueError if the ops are no history: an end without a beginning.
    """
    # The counts use the checkers' definitions, so this package cannot import them at its top.
    from chaos.counts import count

    history = History(ops)
    unknown = sorted(set(exercises) - {checker.name for checker in CHECKERS})
    find = functools.partial(stats.find, intended=intended, unknown=unknown)
    informed = dataclasses.replace(stats.CHECKER, find=find)
    required = ALWAYS_REQUIRED | {stats.CHECKER.name, *exercises}
    checks = tuple(
        (informed if checker is stats.CHECKER else checker).check(
            history, contract, is_required=checker.name in required
        )
        for checker in checkers
        if checker.can_be_seen(contract)
    )
    return Results(
        verdict=Verdict.worst(check.verdict for check in checks if check.is_required),
        counts=count(history, contract),
        checks=checks,
    )
