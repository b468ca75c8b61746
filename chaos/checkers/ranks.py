"""Counts how many of a changing set of numbers are below another one, in logarithmic time."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Ranks:
    """A Fenwick tree over numbers that are all known beforehand."""

    def __init__(self, numbers: Iterable[float]) -> None:
        """Take the numbers that will ever be added."""
        self._numbers = sorted(set(numbers))
        self._tree = [0] * (len(self._numbers) + 1)
        self.total = 0

    def add(self, number: float, count: int = 1) -> None:
        """Add the number so many times; a negative count takes it away."""
        self.total += count
        index = bisect.bisect_left(self._numbers, number) + 1
        while index < len(self._tree):
            self._tree[index] += count
            index += index & -index

    def below(self, number: float) -> int:
        """Return how many are less than ``number``."""
        index, count = bisect.bisect_left(self._numbers, number), 0
        while index > 0:
            count += self._tree[index]
            index -= index & -index
        return count
