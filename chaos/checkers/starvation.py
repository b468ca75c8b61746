"""starvation: a row waited while many of its queue and priority that came later were claimed.

Counted in rows and not in seconds, so a slow machine starves nobody.
"""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import DATABASE_TICK_SECONDS, Checker, Finding, Findings
from chaos.checkers.passing_over import CLAIM_SECONDS, Judged
from chaos.checkers.ranks import Ranks
from chaos.checkers.waits import find_waits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.checkers.waits import Wait
    from chaos.history import History
    from engine.subjects.contract import Contract

MANY: Final = 100
"""More than the claims that cross each other while several workers look at the same rows."""


def find(history: History, contract: Contract) -> Findings:
    """Find the rows that a hundred others overtook that were due later."""
    groups: dict[object, list[Wait]] = collections.defaultdict(list)
    for wait in find_waits(history):
        if wait.priority is not None:
            groups[wait.queue, wait.priority].append(wait)
    judged = Judged(history, contract)
    starved = [
        (wait, count)
        for waits in groups.values()
        for wait, count in _overtaken(waits, judged)
        if count >= MANY
    ]
    starved.sort(key=lambda one: -one[1])
    return Findings(
        exercised=sum(max(0, len(waits) - MANY) for waits in groups.values()),
        found=[_finding(history, wait, count) for wait, count in starved],
    )


def _overtaken(waits: list[Wait], judged: Judged) -> Iterator[tuple[Wait, int]]:
    """Yield each wait with the number of others, due later, that were claimed during it."""
    ranks, counts = Ranks(-wait.run_at for wait in waits), [0] * len(waits)
    claims = [wait for wait in waits if wait.is_claimed and judged.is_judged(wait)]
    claimed = iter(sorted(claims, key=_until))
    other = next(claimed, None)
    for time, sign, index in sorted(_ends(waits)):
        while other is not None and other.until < time:
            ranks.add(-other.run_at)
            other = next(claimed, None)
        counts[index] += sign * ranks.below(-waits[index].run_at - DATABASE_TICK_SECONDS)
    yield from zip(waits, counts, strict=True)


def _ends(waits: list[Wait]) -> Iterator[tuple[float, int, int]]:
    """Yield from when on a wait counts, and until when: who was about to claim it had locked it."""
    for index, wait in enumerate(waits):
        start, end = wait.ready + CLAIM_SECONDS, wait.until - CLAIM_SECONDS
        if start < end:
            yield start, -1, index
            yield end, 1, index


def _until(wait: Wait) -> float:
    return wait.until


def _finding(history: History, wait: Wait, count: int) -> Finding:
    if math.isfinite(wait.until):
        end = f"until {history.at(wait.until_time)}"
    else:
        end = "to the end of the run"
    return Finding(
        task=wait.row.task,
        proof=(
            f"row {wait.row.id} waited from {history.at(wait.ready_time)} {end} while {count} rows"
            " of its queue and priority that were due later were claimed"
        ),
        moments=(round(wait.ready_time), round(min(wait.until_time, history.ops[-1].time))),
        ops=wait.row.ops,
    )


CHECKER = Checker(
    name="starvation",
    opportunities=f"rows beyond {MANY} of one queue and priority",
    find=find,
    is_promised=lambda contract: contract.in_order,
)
