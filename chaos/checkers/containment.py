"""containment: a task that kills its worker took more along than its attempts, or stopped the rest.

A process counts as taken by a task if it died in the task's body by its own hand: no fault, no stop
and no death of its worker explains it. A worker that died in the same attempt counts as well.
"""

from __future__ import annotations

import bisect
import collections
import dataclasses
import math
from typing import TYPE_CHECKING, Final

from chaos.checkers.awake import Awake
from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.disturbances import Disturbances
from chaos.checkers.waits import find_waits
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.attempts import Attempt
    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract

TWICE: Final = 2
"""A poison task lives from its first start to its last death, if there are two."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A row whose attempts killed their own processes.

    Attributes:
        attempts: those that did, by start.
        taken: the processes that died of them.
    """

    row: Row
    attempts: Sequence[Attempt]
    taken: frozenset[int]


def find(history: History, contract: Contract) -> Findings:
    """Find the poison tasks that were not contained."""
    poisons = list(_poisons(history))
    found = [_too_many(poison, contract) for poison in poisons]
    found += _stoppages(history, poisons, contract)
    return Findings(exercised=len(poisons), found=[finding for finding in found if finding])


def _poisons(history: History) -> Iterator[Poison]:
    causes = _Causes(history)
    taken: dict[object, list[tuple[Attempt, set[int]]]] = collections.defaultdict(list)
    for task in history.tasks.values():
        for attempt in task.attempts:
            is_known = attempt.outcome == "killed" and attempt.row in history.rows
            if is_known and (pids := causes.taken(attempt)):
                taken[attempt.row].append((attempt, pids))
    for row, deaths in taken.items():
        yield Poison(
            row=history.rows[row],
            attempts=[attempt for attempt, _ in deaths],
            taken=frozenset(pid for _, pids in deaths for pid in pids),
        )


class _Causes:
    """Tells of a process that died in an attempt whether the attempt's own body was the cause."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._killers = {kill.pid: kill.invoke.value.get("target") for kill in history.kills}
        stops = (op for op in reversed(history.ops) if op.f == "stop")
        self._stops = {int(op.value["pid"]): op.time for op in stops}

    def taken(self, attempt: Attempt) -> set[int]:
        """Return the processes that died of an attempt that was killed."""
        holders = self._history.holders(attempt)
        pids = {pid for pid in (attempt.pid, *holders) if pid is not None}
        is_announced = self._killers.get(attempt.pid or 0) == "itself"
        is_explained = any(
            self._is_explained(attempt, pid)
            or (pid != attempt.pid and self._history.may_have_died(pid, attempt.start, attempt.end))
            for pid in pids
        )
        # Without a holder nobody knows whose stop or death may explain it.
        if not is_announced and (is_explained or not holders):
            return set()
        return {
            pid
            for pid in pids
            if self._died_of(attempt, pid)
            and (pid == attempt.pid or not self._is_explained(attempt, pid))
        }

    def _is_explained(self, attempt: Attempt, pid: int) -> bool:
        """Tell whether a fault or a stop may have ended the process, or cost it its child."""
        is_killed = self._killers.get(pid, "itself") != "itself" and self._died_of(attempt, pid)
        is_stopped = self._stops.get(pid, math.inf) <= attempt.end
        return is_killed or is_stopped or self._history.is_held_up(pid, attempt.start, attempt.end)

    def _died_of(self, attempt: Attempt, pid: int) -> bool:
        end = attempt.end + CLOCK_SLACK_NS
        death = self._history.death_seen(pid, end)
        return death is not None and death.may_fall_between(attempt.start, end)


def _too_many(poison: Poison, contract: Contract) -> Finding | None:
    created = poison.row.created
    own = created.value.get("max_attempts") if created else None
    limit = contract.max_attempts if own is None else int(own)
    if len(poison.taken) <= limit:
        return None
    listed = ", ".join(map(str, sorted(poison.taken)))
    return _finding(
        poison,
        f"took {len(poison.taken)} processes with it ({listed}), and had {limit} attempts to do so",
    )


def _stoppages(
    history: History, poisons: Sequence[Poison], contract: Contract
) -> Iterator[Finding]:
    """Yield the poison tasks during whose life nothing else ended although something was due."""
    awake, disturbances = Awake(history, contract), Disturbances(history.windows)
    ends = _ends(history)
    for poison in poisons:
        start, end = poison.attempts[0].start, poison.attempts[-1].end
        is_long = awake.seconds(start, end) > contract.recovery_seconds
        if len(poison.attempts) < TWICE or not is_long or disturbances.at_work(start, end):
            continue
        first = bisect.bisect_left(ends, (start,))
        others = any(row is not poison.row for _, _, row in _until(ends, first, end))
        waiting = None if others else _waiting(history, poison, start, end)
        if waiting is not None:
            yield _finding(
                poison,
                f"killed process after process from {history.at(start)} to {history.at(end)}, and"
                f" no other task ended in that time although row {waiting.id} was ready",
            )


def _ends(history: History) -> list[tuple[float, int, Row]]:
    return sorted(
        (float(op.time), number, row)
        for number, row in enumerate(history.rows.values())
        for op in row.audit
        if op.f in ("finish", "dead-letter")
    )


def _until(
    ends: list[tuple[float, int, Row]], first: int, end: float
) -> Iterator[tuple[float, int, Row]]:
    for index in range(first, len(ends)):
        if ends[index][0] > end:
            return
        yield ends[index]


def _waiting(history: History, poison: Poison, start: float, end: float) -> Row | None:
    """Return another row that was ready before the poison began, and still was at its end."""
    return next(
        (
            wait.row
            for wait in find_waits(history)
            if wait.row is not poison.row and wait.ready_time <= start and wait.until_time >= end
        ),
        None,
    )


def _finding(poison: Poison, reason: str) -> Finding:
    return Finding(
        task=poison.row.task,
        proof=f"row {poison.row.id} {reason}",
        moments=(poison.attempts[0].start, round(poison.attempts[-1].end)),
        ops=poison.row.ops,
    )


CHECKER = Checker(
    name="containment",
    opportunities="tasks that killed their own process",
    find=find,
)
