"""Plans of redelivery: which deliveries come before the last, whole one.

A delivery is whole, or is killed at one of its points (see ``Life.effect``).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy

LONGEST: Final = 4
"""Deliveries before the last one; what needs more than that has not been seen."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What comes before the last delivery.

    Attributes:
        kills: for each delivery the point at which it is killed; None if it is whole.
    """

    kills: tuple[int | None, ...] = ()


def single_redeliveries(effects: int) -> Iterator[Plan]:
    """Give every plan of two deliveries, for a task of so many effects: the plainest first."""
    yield Plan((None,))
    for point in range(2 * effects):
        yield Plan((point,))


def plans(effects: int) -> SearchStrategy[Plan]:
    """Return plans of any length; they shrink to few deliveries that are whole or die early."""
    from hypothesis import strategies as st

    kill = st.none() | st.integers(0, max(0, 2 * effects - 1))
    return st.lists(kill, min_size=1, max_size=LONGEST).map(lambda kills: Plan(tuple(kills)))
