"""A history as its checkers read it: tasks, rows, attempts, deaths.

Built once from the ops. A death closes the open attempts of its process before anything is judged,
so no checker takes an attempt that was killed for one that still runs.
"""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING, Any, Final

from chaos.attempts import Attempt, Effect, Enqueue, Task
from chaos.deaths import Death, find_deaths, pair_kills
from chaos.hold_ups import HoldUps
from chaos.reader import Reader
from chaos.rows import Row
from chaos.windows import find_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaos.rows import Claim
    from reports.schema import Op

CLOCK_SLACK_NS: Final = 50_000_000
"""The times of audit ops are converted from the database's clock: no body is compared closer."""

ENDINGS: Final = frozenset({"exit", "death", "stop"})

__all__ = ["CLOCK_SLACK_NS", "Attempt", "Death", "Effect", "Enqueue", "History", "Row", "Task"]


class History:
    """What happened in one run.

    Attributes:
        ops: all ops, in the order of their times.
        tasks: the workload's tasks, by key.
        rows: the queue's rows, by id.
        deaths: the processes that died, by pid.
        kills: the kills, each with what came of it.
        windows: the times at which faults were at work.
        stops: the ops that say which worker was told to stop.
        phases: the ops that say which phase began.
        faults: the ops of the faults.
        incidents: the faults, and the ends of processes and the orders to end, for witnesses.
        final: the op that ends the final read, or None if there was none.
    """

    def __init__(self, ops: Iterable[Op]) -> None:
        """Read the ops; raises ValueError if one ends what never began."""
        with _no_collector():
            self._build(ops)

    def _build(self, ops: Iterable[Op]) -> None:
        # Files may be merged in any order: a tie of the clock must not decide anything.
        self.ops = tuple(sorted(ops, key=lambda op: (op.time, op.process)))
        self.kills = pair_kills(self.ops)
        self.deaths = find_deaths(self.ops, self.kills)
        self.windows = find_windows(self.ops)
        self._hold_ups = HoldUps(self.windows)
        self.stops = tuple(op for op in self.ops if op.f == "stop")
        self.phases = tuple(op for op in self.ops if op.f == "phase")
        self.faults = tuple(op for op in self.ops if is_fault(op))
        self.incidents = tuple(op for op in self.ops if is_fault(op) or op.f in ENDINGS)
        self.final = next((op for op in reversed(self.ops) if op.f == "final-read"), None)
        reader = Reader(self.ops, self.deaths)
        self.tasks: Mapping[str, Task] = reader.tasks
        self.rows: Mapping[Any, Row] = reader.rows

    def seconds(self, time: float) -> float:
        """Return the seconds from the first op to ``time``."""
        return (time - self.ops[0].time) / 1e9

    def at(self, time: float) -> str:
        """Write a time as a proof does."""
        return f"{self.seconds(time):.2f} s"

    def at_database(self, seconds: float, near: Op) -> str:
        """Write a time of the database's clock, read off an audit op that has both times."""
        return self.at(near.time + (seconds - (near.database_time or 0.0)) * 1e9)

    def may_have_died(self, pid: int | None, start: float, end: float) -> bool:
        """Tell whether a process may have died from ``start`` to ``end``."""
        death = self.deaths.get(pid) if pid is not None else None
        return death is not None and death.may_fall_between(start, end)

    def death_seen(self, pid: int | None, time: float) -> Death | None:
        """Return the death of a process that was seen dead at ``time`` or before."""
        death = self.deaths.get(pid) if pid is not None else None
        return death if death is not None and death.is_seen_by(time) else None

    def is_held_up(self, pid: int | None, start: float, end: float) -> bool:
        """Tell whether a fault may have held a process up at any time from ``start`` to ``end``."""
        return self._hold_ups.last_close(pid, start, end) is not None

    def free_from(self, pids: Iterable[int | None], start: float, end: float) -> float:
        """Return from when on no fault of from ``start`` to ``end`` held up any of the processes.

        That is ``start`` if none did, and infinity if one was never healed.
        """
        closes = [self._hold_ups.last_close(pid, start, end) for pid in (None, *pids)]
        return max(start, *(start if close is None else close for close in closes))

    def may_have_failed(self, pid: int | None, start: float, end: float) -> bool:
        """Tell whether a process may have died or been held up from ``start`` to ``end``."""
        return self.may_have_died(pid, start, end) or self.is_held_up(pid, start, end)

    def tenures(self, attempt: Attempt) -> Iterator[tuple[Claim, int]]:
        """Yield the claims that an attempt ran, or may have run, under, each with a time.

        From that time on the claim's end is a reason to run the task again. A body may begin after
        the end of its own claim: its holder ordered it, and died or was held up before it began. A
        body that was told no token ran under some claim of before its start, and hardly under one
        that another claim had replaced by then.
        """
        own = self.rows.get(attempt.row)
        for row in [own] if own else self.tasks[attempt.task].rows.values():
            claims = [claim for claim in row.claims if _may_be_of(claim, attempt)]
            for claim in claims:
                is_newest = claim is claims[-1]
                yield claim, claim.op.time - CLOCK_SLACK_NS if is_newest else attempt.start

    def holders(self, attempt: Attempt) -> set[int]:
        """Return the processes that held, or may have held, the claim of an attempt."""
        return {
            claim.owner_pid for claim, _ in self.tenures(attempt) if claim.owner_pid is not None
        }

    def may_have_been_cut_off(self, attempt: Attempt, until: float) -> bool:
        """Tell whether it may have been interfered with by ``until``.

        That is: its process, or the holder of its claim, may have died or been held up.
        """
        return self.may_have_failed(attempt.pid, attempt.start, until) or any(
            self.may_have_failed(claim.owner_pid, since, until)
            for claim, since in self.tenures(attempt)
        )

    def may_be_belated(self, attempt: Attempt, earlier: float) -> bool:
        """Tell whether it may have been ordered before ``earlier`` and begun late.

        That is: who was to run it, or the holder of its claim, may have died or been held up since.
        Of a body that was told no token nobody knows when it was ordered.
        """
        return attempt.token is not None and any(
            claim.op.time < earlier
            and any(
                self.may_have_failed(pid, claim.op.time, attempt.start)
                for pid in (claim.owner_pid, attempt.pid)
            )
            for claim, _ in self.tenures(attempt)
        )

    def may_have_timed_out(self, attempt: Attempt, seconds: float | None, until: float) -> bool:
        """Tell whether it lasted so long by ``until`` that its engine may have ended it.

        The engine may begin to count when it claims.
        """
        if seconds is None:
            return False
        claimed = [claim.op.time for claim, _ in self.tenures(attempt)]
        began = min(attempt.start, max(claimed, default=attempt.start))
        return began + seconds * 1e9 - CLOCK_SLACK_NS <= min(attempt.end, until)


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """Keep the garbage collector from looking through a million ops again and again.

    What is built here makes no garbage, and half of the time would go into looking for some.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _may_be_of(claim: Claim, attempt: Attempt) -> bool:
    if attempt.token is None:
        return claim.op.time <= attempt.start + CLOCK_SLACK_NS
    return claim.token == attempt.token


def is_fault(op: Op) -> bool:
    """Tell whether a fault speaks."""
    return op.process.startswith("fault-")
