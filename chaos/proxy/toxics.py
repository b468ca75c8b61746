"""What may be done to the bytes of connections, and the evidence that it was done.

A toxic applies to connections that are open already as well as to new ones. Its counters only
grow, and any thread may read them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from random import Random

SLICES_PER_SECOND: Final = 20.0


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Latency:
    """Each direction takes longer; a round trip twice as much. Order and throughput stay.

    Attributes:
        delayed: chunks that were kept.
    """

    seconds: float
    jitter_seconds: float
    rng: Random
    delayed: int = 0

    def __post_init__(self) -> None:
        if min(self.seconds, self.jitter_seconds) < 0:
            raise ValueError("A latency and its jitter are zero seconds or more.")

    def draw(self) -> float:
        """Return how long to keep a chunk: the jitter is added or taken away, evenly."""
        self.delayed += 1
        jitter = self.rng.uniform(-self.jitter_seconds, self.jitter_seconds)
        return max(0.0, self.seconds + jitter)


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Bandwidth:
    """Each direction of each connection carries so much and no more.

    Attributes:
        bytes: what went through at this speed.
    """

    bytes_per_second: float
    bytes: int = 0

    def __post_init__(self) -> None:
        if self.bytes_per_second <= 0:
            raise ValueError("A bandwidth is more than zero bytes per second: see blackhole().")

    @property
    def slice_bytes(self) -> int:
        """The most that goes through at once."""
        return max(1, int(self.bytes_per_second / SLICES_PER_SECOND))

    def take(self, size: int) -> float:
        """Return how many seconds so many bytes take."""
        self.bytes += size
        return size / self.bytes_per_second


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Refuse:
    """New connections are reset before the server hears of them.

    Attributes:
        refused: how many.
    """

    refused: int = 0


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Blackhole:
    """Nothing arrives any more, no end and no reset either; the server hears of no new client.

    Attributes:
        bytes: what was swallowed.
        swallowed: connections whose streams are broken by it.
        resets: how many of them were still open, and were reset, when it healed.
    """

    bytes: int = 0
    swallowed: set[object] = dataclasses.field(default_factory=set)
    resets: int = 0

    def swallow(self, connection: object, size: int) -> None:
        """Lose something of a connection."""
        self.swallowed.add(connection)
        self.bytes += size


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Cut:
    """Each connection carries so many bytes more, of both directions together, then is reset.

    Attributes:
        cut: how many connections have been.
    """

    count_bytes: int
    cut: int = 0
    _left: WeakKeyDictionary[object, int] = dataclasses.field(default_factory=WeakKeyDictionary)

    def __post_init__(self) -> None:
        if self.count_bytes < 0:
            raise ValueError("A connection is cut after zero bytes or more.")

    def take(self, connection: object, size: int) -> int | None:
        """Return how many of the bytes still pass before the cut; None if all do, without a cut."""
        left = self._left.get(connection, self.count_bytes)
        if size < left:
            self._left[connection] = left - size
            return None
        self._left.pop(connection, None)
        self.cut += 1
        return left


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class DropNotifications:
    """PostgreSQL's notifications do not reach those who listen.

    Attributes:
        dropped: how many did not.
    """

    dropped: int = 0


T = TypeVar("T")


class Toxics:
    """The toxics that are applied now, in the order of their application."""

    def __init__(self) -> None:
        self._applied: list[object] = []

    def of(self, kind: type[T]) -> list[T]:
        """Return those of a kind."""
        return [toxic for toxic in self._applied if isinstance(toxic, kind)]

    def add(self, toxic: object) -> None:
        """Apply one."""
        self._applied.append(toxic)

    def remove(self, toxic: object) -> None:
        """Heal one."""
        self._applied.remove(toxic)
