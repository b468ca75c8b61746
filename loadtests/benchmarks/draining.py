"""Fills a queue, starts its workers, and takes the time at which the bodies ended.

The bodies themselves say so, in the ledger, whichever the queue: a rate counts all tasks but the
first tenth that ended, by the time from then until the queue holds none any more. So what workers
do once, when they start, counts for none of them, and that an end is written down counts for all.
Every task has to end exactly once.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.contenders import tables
from engine.contenders.contender import ContenderError
from engine.project.ledger import RECORD
from loadtests.benchmarks.asking import ask
from loadtests.benchmarks.benchmark import WORKERS
from loadtests.benchmarks.filling import Filling
from loadtests.fleet import Fleet
from loadtests.tally import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.contenders.contender import Site
    from loadtests.laboratory import Bench

WARM_UP: Final = 0.1
"""This share of the tasks counts for nothing."""

STALL_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05
_LAST_LOOK_SECONDS: Final = 0.005
_RECORDS_PER_TASK: Final = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """A queue that was drained.

    Attributes:
        ends: when each body ended, ascending: nanoseconds of CLOCK_MONOTONIC.
        empty_ns: when the queue was seen to hold no task any more.
    """

    ends: NDArray[np.int64]
    empty_ns: int

    @property
    def rate(self) -> float:
        """Tasks per second after the warm-up."""
        return rate_of(self.ends, self.empty_ns)

    def rate_between(self, begin: float, end: float) -> float:
        """Return the rate over a part of the tasks, from and to a share of them."""
        first, last = (int(share * (len(self.ends) - 1)) for share in (begin, end))
        return float((last - first) / (self.ends[last] - self.ends[first]) * 1e9)


def rate_of(ends: NDArray[np.int64], empty_ns: int) -> float:
    """Return how many tasks per second were done after the first tenth of them."""
    warm = int(len(ends) * WARM_UP)
    seconds = (empty_ns - ends[warm]) / 1e9
    return float((len(ends) - 1 - warm) / seconds) if seconds > 0 else 0.0


def drain(  # noqa: D417 - the rest say it themselves
    bench: Bench,
    tasks: int,
    *,
    settings: Mapping[str, Any] | None = None,
    watch: Callable[[Fleet, int], None] = lambda _fleet, _ended: None,
) -> Drained:
    """Fill an empty queue, drain it, and return when its tasks ended.

    Args:
        watch: told again and again how many bodies have ended, with the workers.

    Raises:
        ContenderError: the workers stopped, or a task ran twice, or some are left.
    """
    with bench.scratch("drain", WORKERS, settings) as site:
        fill(bench, site, tasks)
        with Fleet(bench.contender, site, site.folder / "logs") as fleet:
            _await_all(fleet, site, tasks, watch)
            empty_ns = _await_empty(bench, site)
        return Drained(ends=_ends(bench, site, tasks), empty_ns=empty_ns)


def fill(bench: Bench, site: Site, tasks: int) -> None:
    """Empty a queue and put so many tasks into it; the database is at rest afterwards."""
    bench.contender.empty(site)
    is_ours = bench.contender.name == "background_task"
    enqueue(bench, site, Filling(producer=bench.contender.producer, tasks=tasks, in_bulk=is_ours))
    settle(bench, site)


def enqueue(bench: Bench, site: Site, filling: Filling) -> float:
    """Enqueue through the contender's public interface; return the seconds that it took."""
    answer = ask(bench.contender, site, "filling", dataclasses.asdict(filling))
    return float(answer["seconds"])


def settle(bench: Bench, site: Site) -> None:
    """Let the database know what its tables hold, and write out what it has in memory."""
    if site.database.name != "postgresql":
        return
    with tables.asking(bench.contender.name, site.database) as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        if site.database.provider != "dsn":  # a server of somebody else's is left alone
            cursor.execute("CHECKPOINT")


def _await_all(fleet: Fleet, site: Site, tasks: int, watch: Callable[[Fleet, int], None]) -> None:
    ended, since = 0, time.monotonic()
    while ended < tasks:
        time.sleep(LOOK_SECONDS)
        if fleet.tend():
            raise ContenderError("a worker ended in the middle of a benchmark")
        now = count_ends(site.ledger)
        since = time.monotonic() if now > ended else since
        ended = now
        watch(fleet, ended)
        if time.monotonic() - since > STALL_SECONDS:
            raise ContenderError(f"the workers stopped after {ended} of {tasks} tasks")


def count_ends(ledger: Path) -> int:
    """Count the bodies that ended, by the length of what they wrote."""
    size = sum(path.stat().st_size for path in ledger.glob("*.ledger"))
    return size // (_RECORDS_PER_TASK * RECORD.size)


def _await_empty(bench: Bench, site: Site) -> int:
    deadline = time.monotonic() + STALL_SECONDS
    while held := bench.contender.held(site):
        if time.monotonic() > deadline:
            raise ContenderError(f"{bench.contender.name} still holds {held} tasks that have ended")
        time.sleep(_LAST_LOOK_SECONDS)
    return time.monotonic_ns()


def _ends(bench: Bench, site: Site, tasks: int) -> NDArray[np.int64]:
    counted = tally(site.ledger)
    if counted.duplicated or len(counted.ended.keys) != tasks:
        raise ContenderError(
            f"{bench.contender.name} ended {len(counted.ended.keys)} of {tasks} tasks, "
            f"{counted.duplicated} of them more than once"
        )
    return np.sort(counted.ended.times)
