"""A history as its checkers read it: tasks, rows, attempts, deaths.

Built once from the ops. A death closes the open attempts of its process before anything is judged,
so no checker takes an attempt that was killed for one that still runs.
"""

from __future__ import annotations

import collections
import dataclasses
import math
from typing import TYPE_CHECKING, Any, Final

from chaos.attempts import Attempt, Effect, Enqueue, Outcome, Task
from chaos.deaths import Death, find_deaths, pair_kills, trailing_pid
from chaos.rows import Row, audit_order, follow_claims
from chaos.windows import find_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaos.rows import Claim
    from reports.schema import Op

CLOCK_SLACK_NS: Final = 50_000_000
"""The times of audit ops are converted from the database's clock: no body is compared closer."""

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
        phases: the ops that say which phase began.
        faults: the ops of the faults.
        incidents: the faults and the workers' exits, for witnesses.
        final: the op that ends the final read, or None if there was none.
    """

    def __init__(self, ops: Iterable[Op]) -> None:
        """Read the ops; raises ValueError if one ends what never began."""
        # Files may be merged in any order: a tie of the clock must not decide anything.
        self.ops = tuple(sorted(ops, key=lambda op: (op.time, op.process)))
        self.kills = pair_kills(self.ops)
        self.deaths = find_deaths(self.ops, self.kills)
        self.windows = find_windows(self.ops)
        self.phases = tuple(op for op in self.ops if op.f == "phase")
        self.faults = tuple(op for op in self.ops if is_fault(op))
        self.incidents = tuple(op for op in self.ops if is_fault(op) or op.f == "exit")
        self.final = next((op for op in reversed(self.ops) if op.f == "final-read"), None)
        reader = _Reader(self.ops, self.deaths)
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
        return any(
            window.holds_up(pid) and window.is_at_work(start, end) for window in self.windows
        )

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
        """Tell whether its process, or the holder of its claim, may have died by ``until``."""
        return self.may_have_died(attempt.pid, attempt.start, until) or any(
            self.may_have_died(claim.owner_pid, since, until)
            for claim, since in self.tenures(attempt)
        )


def _may_be_of(claim: Claim, attempt: Attempt) -> bool:
    if attempt.token is None:
        return claim.op.time <= attempt.start + CLOCK_SLACK_NS
    return claim.token == attempt.token


def is_fault(op: Op) -> bool:
    """Tell whether a fault speaks."""
    return op.process.startswith("fault-")


@dataclasses.dataclass(slots=True, eq=False)
class _Begun:
    """An attempt that began, until all is known of it."""

    invoke: Op
    end: Op | None = None


class _Reader:
    """Sorts the ops into tasks and rows, in one pass, and closes what deaths leave open."""

    def __init__(self, ops: Iterable[Op], deaths: Mapping[int, Death]) -> None:
        self.tasks: dict[str, Task] = {}
        self.rows: dict[Any, Row] = {}
        self._deaths = deaths
        self._enqueues: dict[tuple[str, str], list[tuple[Op, Op | None]]] = {}
        self._begun: dict[tuple[str, str], list[_Begun]] = {}
        self._effects: list[tuple[Op, _Begun | None]] = []
        self._by_row: dict[Any, list[Op]] = collections.defaultdict(list)
        for op in ops:
            self._read(op)
        self._build_rows()
        self._build_enqueues()
        self._build_attempts()
        for row in self.rows.values():
            row.ops = self.tasks[row.task].ops if row.task is not None else row.audit

    def _read(self, op: Op) -> None:
        if (row := op.value.get("row")) is not None:
            self._by_row[row].append(op)
        if op.task is None:
            return
        task = self.tasks.setdefault(op.task, Task(key=op.task))
        task.ops.append(op)
        spoken = (op.process, op.task)
        if op.process == "audit" and row is None:
            task.loose.append(op)
        elif op.process == "final-read":
            task.finals.append(op)
        elif op.f == "enqueue":
            self._read_enqueue(op, spoken)
        elif op.f == "attempt":
            self._read_attempt(op, spoken)
        elif op.f == "effect":
            begun = self._begun.get(spoken)
            self._effects.append((op, begun[-1] if begun else None))

    def _read_enqueue(self, op: Op, spoken: tuple[str, str]) -> None:
        calls = self._enqueues.setdefault(spoken, [])
        if op.type == "invoke":
            calls.append((op, None))
        elif calls and calls[-1][1] is None:
            calls[-1] = (calls[-1][0], op)
        else:
            raise ValueError(f"{op.process} ended an enqueue of {op.task} that it never began")

    def _read_attempt(self, op: Op, spoken: tuple[str, str]) -> None:
        begun = self._begun.setdefault(spoken, [])
        if op.type == "invoke":
            begun.append(_Begun(op))
        elif begun and begun[-1].end is None:
            begun[-1].end = op
        else:
            raise ValueError(f"{op.process} ended an attempt of {op.task} that it never began")

    def _build_rows(self) -> None:
        for id_, ops in self._by_row.items():
            audit = [op for op in ops if op.process == "audit"]
            key = next((op.task for op in ops if op.task is not None), None)
            row = Row(id=id_, task=key, audit=audit)
            if key is not None:
                self.tasks[key].adopt([op for op in ops if op.task is None])
            # An id that only the final read names may be of another table than the live rows'.
            if any(op.process != "final-read" for op in ops):
                self.rows[id_] = row
                if key is not None:
                    self.tasks[key].rows[id_] = row
        for task in self.tasks.values():
            task.settle_loose_ops()
        for row in self.rows.values():
            row.audit = sorted(row.audit, key=audit_order)
            row.claims = follow_claims(row.audit)

    def _build_enqueues(self) -> None:
        for (_, key), calls in self._enqueues.items():
            self.tasks[key].enqueues.extend(
                Enqueue(invoke=invoke, end=None if end is None or end.type == "info" else end)
                for invoke, end in calls
            )
        for task in self.tasks.values():
            task.enqueues.sort(key=lambda enqueue: enqueue.invoke.time)

    def _build_attempts(self) -> None:
        built: dict[int, Attempt] = {}
        for (_, key), all_begun in self._begun.items():
            for begun in all_begun:
                built[id(begun)] = self._build_attempt(begun, self.tasks[key])
        for attempt in sorted(built.values(), key=lambda one: (one.start, one.process)):
            self.tasks[attempt.task].attempts.append(attempt)
            if attempt.row in self.rows:
                self.rows[attempt.row].starts.append(attempt)
        for op, origin in self._effects:
            effect = Effect(op=op, attempt=built[id(origin)] if origin else None)
            self.tasks[str(op.task)].effects.append(effect)

    def _build_attempt(self, begun: _Begun, task: Task) -> Attempt:
        invoke = begun.invoke
        pid = invoke.value.get("pid", trailing_pid(invoke.process))
        end, outcome = self._end(begun, pid)
        row = invoke.value.get("row")
        return Attempt(
            task=task.key,
            row=task.only_row if row is None else row,
            process=invoke.process,
            pid=pid,
            start=invoke.time,
            end=end,
            outcome=outcome,
            number=invoke.attempt,
            token=invoke.token,
        )

    def _end(self, begun: _Begun, pid: int | None) -> tuple[float, Outcome]:
        if begun.end is not None and begun.end.type != "info":
            return begun.end.time, "ok" if begun.end.type == "ok" else "fail"
        death = self._deaths.get(pid) if pid is not None else None
        # The system may give a pid twice: a death before the start was another process's.
        if death is not None and death.seen is not None and death.seen >= begun.invoke.time:
            return death.seen, "killed"
        return math.inf, "open"
