"""The checkers: one anomaly a file, and the analysis that runs them all.

The analysis is a pure function of the ops: a stored history can be judged again by better checkers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers import (
    attempt_overrun,
    dedupe_violation,
    double_claim,
    duplicated_effect,
    lost,
    premature,
    stats,
    stuck,
    uncounted_attempt,
    unexpected,
    unjustified_redelivery,
    unnoticed_death,
    vanished,
    zombie_finish,
)
from chaos.checkers.checker import Checker
from chaos.history import History
from reports.schema import Results, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.subjects.contract import Contract
    from reports.schema import Op

__all__ = ["CHECKERS", "Checker", "analyse"]

CHECKERS: Final[tuple[Checker, ...]] = (
    lost.CHECKER,
    vanished.CHECKER,
    unexpected.CHECKER,
    duplicated_effect.CHECKER,
    unjustified_redelivery.CHECKER,
    double_claim.CHECKER,
    zombie_finish.CHECKER,
    stuck.CHECKER,
    unnoticed_death.CHECKER,
    attempt_overrun.CHECKER,
    uncounted_attempt.CHECKER,
    premature.CHECKER,
    dedupe_violation.CHECKER,
    stats.checker(expects_kills=True),
)


def analyse(
    ops: Iterable[Op],
    contract: Contract,
    *,
    expects_kills: bool = True,
    checkers: Iterable[Checker] = CHECKERS,
) -> Results:
    """Judge a history by what the contract promises; the worst check is the verdict.

    Raises ValueError if the ops are no history: an end without a beginning.
    """
    # The counts use the checkers' definitions, so this package cannot import them at its top.
    from chaos.counts import count

    history = History(ops)
    promised = [checker for checker in checkers if checker.is_promised(contract)]
    if not expects_kills:
        calm = stats.checker(expects_kills=False)
        promised = [calm if checker.name == calm.name else checker for checker in promised]
    judged = [(checker, checker.check(history, contract)) for checker in promised]
    checks = tuple(result for checker, result in judged if not checker.leaves_out(result))
    return Results(
        verdict=Verdict.worst(check.verdict for check in checks),
        counts=count(history),
        checks=checks,
    )
