"""Where SQLite's writers waited and what they did, from the pages that their processes keep.

SQLite has no server: ``engine.project.meter`` counts in every process of the step, and this reads
all their pages ten times a second.

- waits: "Lock:writer" is a connection that wants the lock for writers, "IO:commit" one that
  commits, "CPU:CPU" one that runs a statement, and "Client:in transaction" one that holds the
  lock while its program does something else.
- ``commits`` are transactions that took the lock, statements that commit by themselves included.
- ``lock_busy_share`` is the time for which it was held, by the window's; ``flush_ms`` is the time
  of the commits.
- ``statements`` are those without BEGIN, COMMIT, ROLLBACK and savepoints. There are no round
  trips.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.project.meter import BUCKETS, SUFFIX, Slot, read_page
from loadtests.probes.host import is_alive
from loadtests.probes.observed import DatabaseProbe, Observed, rounded
from loadtests.probes.sampler import Sampler
from loadtests.probes.series import Counters, Gauges
from loadtests.probes.waits import ON_CPU, Waits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.databases import Database

LOOK_SECONDS = 0.1

_P99 = 0.99
_COUNTED = (
    Slot.STATEMENTS,
    Slot.COMMITS,
    Slot.ROLLBACKS,
    Slot.SELF_COMMITTED,
    Slot.LOCKED_ERRORS,
    Slot.HOLD_NS,
    Slot.FLUSH_NS,
    *range(Slot.WAIT_HISTOGRAM, Slot.END),
)
_STATES = (Slot.WAITING, Slot.HOLDING, Slot.RUNNING, Slot.FLUSHING)
_Key = tuple[str, int]


class SQLiteProbe(DatabaseProbe):
    """Reads the pages of all processes that the folder has."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._folder = folder
        self._log = Path(f"{database.django_settings()['NAME']}-wal")
        self._ended: set[Path] = set()
        self._waits = Waits()
        self._gauges = Gauges()
        self._counters: Counters[_Key] = Counters()
        self._sampler = Sampler("sqlite", LOOK_SECONDS, self._look)

    def start(self) -> None:
        """Begin."""
        self._sampler.start()

    def stop(self) -> None:
        """End, with a last look."""
        self._sampler.stop()

    def resources(self, begin_ns: int, end_ns: int) -> Observed:
        """Tell what was seen within a window of CLOCK_MONOTONIC."""
        waits, samples = self._waits.within(begin_ns, end_ns)
        grown = dict.fromkeys(range(Slot.END), 0.0)
        for (_, slot), value in self._counters.within(begin_ns, end_ns).items():
            grown[slot] += value
        counters = self._named(grown, end_ns - begin_ns) if samples else {}
        counters |= self._gauges.largest(begin_ns, end_ns)
        return Observed(waits=waits, wait_samples=samples, counters=rounded(counters))

    def _named(self, grown: Mapping[int, float], window_ns: int) -> dict[str, float]:
        waits = [grown[Slot.WAIT_HISTOGRAM + bucket] for bucket in range(BUCKETS)]
        holds = [grown[Slot.HOLD_HISTOGRAM + bucket] for bucket in range(BUCKETS)]
        counters = {
            "statements": grown[Slot.STATEMENTS],
            "commits": grown[Slot.COMMITS],
            "self_committed": grown[Slot.SELF_COMMITTED],
            "rollbacks": grown[Slot.ROLLBACKS],
            "locked_errors": grown[Slot.LOCKED_ERRORS],
            "flush_ms": grown[Slot.FLUSH_NS] / 1e6,
            "lock_busy_share": min(1.0, grown[Slot.HOLD_NS] / max(1, window_ns)),
        }
        for name, buckets in (("lock_wait_ms_p99", waits), ("lock_hold_ms_p99", holds)):
            if (found := quantile_ms(buckets, _P99)) is not None:
                counters[name] = found
        return counters

    def _look(self) -> None:
        values: dict[_Key, float] = {}
        states = dict.fromkeys(_STATES, 0)
        with contextlib.suppress(OSError):
            for path in self._folder.glob(f"*{SUFFIX}"):
                self._read(path, values, states)
            now = time.monotonic_ns()
            self._counters.sample(now, values)
            self._waits.look(now, _waits(states))
            self._gauges.sample(now, {"blocked_sessions_max": float(states[Slot.WAITING])})
            self._gauges.sample(now, {"wal_file_bytes_max": float(self._log.stat().st_size)})

    def _read(self, path: Path, values: dict[_Key, float], states: dict[Slot, int]) -> None:
        if path in self._ended:
            return
        # Asked first, so that the last reading of a page is one that nobody adds to any more.
        lives = is_alive(int(path.name.partition("-")[0]))
        page = read_page(path)
        counted = (slot for slot in _COUNTED if page and page[slot])
        values.update({(path.name, slot): float(page[slot]) for slot in counted})
        if not lives:
            self._ended.add(path)
        elif page:
            for state in _STATES:
                states[state] += max(0, page[state])


def quantile_ms(buckets: list[float], share: float) -> float | None:
    """Tell a quantile of a histogram in milliseconds, by a straight line through its bucket."""
    wanted, below = sum(buckets) * share, 0.0
    for number, count in enumerate(buckets):
        if count and below + count >= wanted:
            low, high = (1 << number) >> 1, 1 << number
            return (low + (high - low) * (wanted - below) / count) / 1000
        below += count
    return None


def _waits(states: Mapping[Slot, int]) -> dict[str, int]:
    """Tell what the connections are doing; one that holds the lock may run or commit as well."""
    elsewhere = states[Slot.HOLDING] - states[Slot.RUNNING] - states[Slot.FLUSHING]
    found = {
        "Lock:writer": states[Slot.WAITING],
        "IO:commit": states[Slot.FLUSHING],
        ON_CPU: states[Slot.RUNNING],
        "Client:in transaction": elsewhere,
    }
    return {event: number for event, number in found.items() if number > 0}
