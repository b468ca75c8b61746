"""Counts a step's tasks from its ledger: what was sent, acknowledged, ended, and when.

All times are nanoseconds of CLOCK_MONOTONIC. A window holds the times from its begin up to, and
without, its end.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.project.ledger import Kind
from loadtests.roll_call import FIRST_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Times = NDArray[np.int64]

_LAYOUT: Final = np.dtype(
    [
        ("kind", "<u1"),
        ("_", "V3"),
        ("pid", "<u4"),
        ("key", "<u8"),
        ("intended", "<i8"),
        ("time", "<i8"),
    ]
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of time on CLOCK_MONOTONIC."""

    begin_ns: int
    end_ns: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end_ns - self.begin_ns) / 1e9

    def holds(self, times: Times) -> NDArray[np.bool_]:
        """Tell which times lie within."""
        return (times >= self.begin_ns) & (times < self.end_ns)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A step's tasks, each once, ordered by key within each group.

    Attributes:
        sent: keys, intended times and times of enqueues that were begun.
        acknowledged: of enqueues that returned.
        refused: of enqueues that raised.
        ended: of the first end of each body.
        ends: how many bodies ended, more than once counted as often.
        duplicated: keys whose body ended more than once.
    """

    sent: Moments
    acknowledged: Moments
    refused: Moments
    ended: Moments
    ends: int
    duplicated: int

    def unfinished(self) -> Moments:
        """Return the acknowledged tasks whose body never ended."""
        return self.acknowledged.without(self.ended)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """One kind of record, the earliest of each key."""

    keys: NDArray[np.uint64]
    intended: Times
    times: Times

    def within(self, window: Window) -> int:
        """Count those that happened within a window."""
        return int(window.holds(self.times).sum())

    def due_within(self, window: Window) -> Moments:
        """Return those that were intended for a time within a window."""
        return self._where(window.holds(self.intended))

    def without(self, others: Moments) -> Moments:
        """Return those whose keys the others have not."""
        return self._where(~np.isin(self.keys, others.keys))

    def delays(self, since: Moments | None = None) -> Times:
        """Return each one's nanoseconds since it was intended, or since its key's other moment.

        With ``since`` only keys that both have are told.
        """
        if since is None:
            return self.times - self.intended
        _, mine, theirs = np.intersect1d(
            self.keys, since.keys, assume_unique=True, return_indices=True
        )
        return self.times[mine] - since.times[theirs]

    def _where(self, chosen: NDArray[np.bool_]) -> Moments:
        return Moments(
            keys=self.keys[chosen], intended=self.intended[chosen], times=self.times[chosen]
        )


def tally(folder: Path) -> Tally:
    """Read a ledger; part of a record at the end of a killed process's file is dropped."""
    records = _records(folder)
    records = records[records["key"] < FIRST_KEY]  # what proved that the workers were ready
    ends = records[records["kind"] == Kind.ENDED]
    ended = _first(ends)
    return Tally(
        sent=_first(records[records["kind"] == Kind.SENT]),
        acknowledged=_first(records[records["kind"] == Kind.ACKNOWLEDGED]),
        refused=_first(records[records["kind"] == Kind.REFUSED]),
        ended=ended,
        ends=len(ends),
        duplicated=_repeated(ends),
    )


def count_outstanding(folder: Path) -> int:
    """Count tasks that were acknowledged and whose body has not ended, while the step goes on."""
    so_far = tally(folder)
    return len(so_far.unfinished().keys)


def _records(folder: Path) -> NDArray[Any]:
    parts = [_whole(path.read_bytes()) for path in sorted(folder.glob("*.ledger"))]
    return np.concatenate([np.empty(0, _LAYOUT), *parts])


def _whole(content: bytes) -> NDArray[Any]:
    return np.frombuffer(content, _LAYOUT, count=len(content) // _LAYOUT.itemsize)


def _first(records: NDArray[Any]) -> Moments:
    ordered = records[np.lexsort((records["time"], records["key"]))]
    _, index = np.unique(ordered["key"], return_index=True)
    first = ordered[index]
    return Moments(keys=first["key"], intended=first["intended"], times=first["time"])


def _repeated(records: NDArray[Any]) -> int:
    _, counts = np.unique(records["key"], return_counts=True)
    return int((counts > 1).sum())
