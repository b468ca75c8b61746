"""What differs between the state after one delivery and the state after a plan."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.idempotency.facts import Fact, State


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact that is not as it should be.

    Attributes:
        expected: as it is after one delivery; None if it is not there.
        got: as it is after the plan; None if it is not there.
    """

    expected: Fact | None
    got: Fact | None

    @property
    def table(self) -> str:
        """The table that it is in."""
        fact = self.expected or self.got
        return fact.table if fact else ""

    @property
    def columns(self) -> list[str]:
        """The columns that differ; none if the fact is missing, or one too many."""
        if self.expected is None or self.got is None:
            return []
        got = self.got.columns
        return [name for name, value in self.expected.columns.items() if got.get(name) != value]


def differences(expected: State, got: State) -> list[Difference]:
    """Return what differs, where facts that are alike are told as one that changed."""
    missing, surplus = got.lacks(expected), expected.lacks(got)
    pairs = []
    for fact in list(missing):
        partner = _most_alike(fact, surplus)
        if partner is not None:
            missing.remove(fact)
            surplus.remove(partner)
            pairs.append(Difference(expected=fact, got=partner))
    # Of rows that are linked otherwise, the neighbours differ too: tell what differs by itself.
    told = [pair for pair in pairs if pair.columns]
    alone = [
        *(Difference(expected=fact, got=None) for fact in missing),
        *(Difference(expected=None, got=fact) for fact in surplus),
    ]
    return [*told, *alone] or pairs


def not_allowed(
    found: Sequence[Difference], may_repeat: Sequence[str], deaths: int
) -> list[Difference]:
    """Leave out what may happen again for each delivery that was killed."""
    kept = []
    for one in found:
        if deaths and _is_repeated(one, may_repeat):
            deaths -= 1
        else:
            kept.append(one)
    return kept


def _is_repeated(one: Difference, may_repeat: Sequence[str]) -> bool:
    if one.expected is not None or one.got is None:
        return False
    return one.table in may_repeat or one.got.columns.get("what") in may_repeat


def _most_alike(fact: Fact, others: Sequence[Fact]) -> Fact | None:
    here = [other for other in others if other.table == fact.table]
    here = [other for other in here if other.identity == fact.identity]
    return max(here, key=lambda other: _likeness(fact, other), default=None)


def _likeness(one: Fact, other: Fact) -> int:
    return sum(other.columns.get(name) == value for name, value in one.columns.items())
