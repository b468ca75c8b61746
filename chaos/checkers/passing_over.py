"""Rows that a claim passed over although they came first: what both kinds of inversion share.

One sweep over the waits in the order of the database's clock. A row counts as passed over only if
it had been ready for a whole second, and nobody claimed it for one more: whoever had locked it for
a claim of his own is through by then. A fault may have held him up, so claims are not judged while
one is at work, nor for one recovery time more.
"""

from __future__ import annotations

import collections
import dataclasses
import heapq
import math
from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import ANOMALIES_KEPT, DATABASE_TICK_SECONDS, Finding
from chaos.checkers.disturbances import Disturbances
from chaos.checkers.ranks import Ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chaos.checkers.waits import Wait
    from chaos.history import History
    from engine.subjects.contract import Contract
    from reports.schema import Op

CLAIM_SECONDS: Final = 1.0
"""A claim's transaction takes less, from its look at what is due to its commit."""

_LEAVE, _CLAIM, _ENTER = range(3)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A claim while others waited.

    Attributes:
        first: the one that should have come first.
        depth: how many should have come before; if it is 0, the claim was right.
    """

    claimed: Wait
    first: Wait
    depth: int


class Judged:
    """Tells which claims are judged: those that no fault can have led astray."""

    def __init__(self, history: History, contract: Contract) -> None:
        """Look at the faults once."""
        self._disturbances = Disturbances(history.windows)
        self._after_ns = contract.recovery_seconds * 1e9

    def is_judged(self, claimed: Wait) -> bool:
        """Tell whether others should have been claimed before, if they came first."""
        at = claimed.until_time
        return not self._disturbances.at_work(at - self._after_ns, at + CLAIM_SECONDS * 1e9)


def sweep(
    judged: Judged,
    waits: Iterable[Wait],
    *,
    group: Callable[[Wait], object],
    key: Callable[[Wait], float],
) -> Iterator[PassedOver]:
    """Yield each claim that had others to choose from; of a group, the lowest key comes first."""
    groups: dict[object, list[Wait]] = collections.defaultdict(list)
    for wait in waits:
        groups[group(wait)].append(wait)
    for members in groups.values():
        yield from _sweep_group(members, key, judged)


def greatest_first(
    found: Iterable[PassedOver], prove: Callable[[PassedOver], str]
) -> list[Finding]:
    """Write the findings down, the deepest ones first."""
    deepest = sorted(found, key=lambda one: -one.depth)
    return [
        Finding(
            task=one.first.row.task,
            proof=prove(one),
            moments=(round(one.claimed.until_time), round(one.first.ready_time)),
            # There may be as many as rows, and a reader sees the first few only.
            ops=_ops(one) if number < ANOMALIES_KEPT else (),
        )
        for number, one in enumerate(deepest)
    ]


def _ops(one: PassedOver) -> Sequence[Op]:
    first, claimed = one.first.row, one.claimed.row
    return first.ops if first.ops is claimed.ops else [*first.ops, *claimed.ops]


def _sweep_group(
    waits: list[Wait], key: Callable[[Wait], float], judged: Judged
) -> Iterator[PassedOver]:
    keys = [key(wait) for wait in waits]
    ranks, line, left = Ranks(keys), list[tuple[float, int]](), set[int]()
    for _, kind, index in sorted(_events(waits)):
        if kind == _ENTER:
            ranks.add(keys[index])
            heapq.heappush(line, (keys[index], index))
        elif kind == _LEAVE:
            ranks.add(keys[index], -1)
            left.add(index)
        elif ranks.total and judged.is_judged(waits[index]):
            while line[0][1] in left:
                heapq.heappop(line)
            depth = ranks.below(keys[index] - DATABASE_TICK_SECONDS)
            yield PassedOver(claimed=waits[index], first=waits[line[0][1]], depth=depth)


def _events(waits: list[Wait]) -> Iterator[tuple[float, int, int]]:
    for index, wait in enumerate(waits):
        if wait.is_claimed:
            yield wait.until, _CLAIM, index
        enters, leaves = wait.ready + CLAIM_SECONDS, wait.until - CLAIM_SECONDS
        if enters < leaves:
            yield enters, _ENTER, index
            if leaves < math.inf:
                yield leaves, _LEAVE, index
