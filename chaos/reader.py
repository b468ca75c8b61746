"""Sorts the ops of a run into tasks and rows, in one pass, and closes what deaths leave open."""

from __future__ import annotations

import collections
import dataclasses
import math
from typing import TYPE_CHECKING, Any

from chaos.attempts import Attempt, Effect, Enqueue, Outcome, Task
from chaos.deaths import Death, trailing_pid
from chaos.rows import Row, audit_order, follow_claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.schema import Op


@dataclasses.dataclass(slots=True, eq=False)
class _Begun:
    """An attempt that began, until all is known of it."""

    invoke: Op
    end: Op | None = None


class Reader:
    """The tasks and rows of a run, by key and by id."""

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
            # The audit knows whose row it is; an answer may name another task's row by mistake.
            key = next((op.task for op in (*audit, *ops) if op.task is not None), None)
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
            invoke=invoke,
            answer=None if outcome in {"killed", "open"} else begun.end,
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
