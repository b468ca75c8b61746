"""The numbers of a run, in Jepsen's words, by the same definitions as the checkers'."""

from __future__ import annotations

import collections
import dataclasses
import statistics
from typing import TYPE_CHECKING

from chaos.checkers.duplicated_effect import extra_effects
from chaos.checkers.lost import lost_enqueues
from chaos.checkers.unexpected import unexpected_tasks
from reports.schema import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaos.history import Attempt, History, Task
    from engine.subjects.contract import Contract


def count(history: History, contract: Contract) -> Counts:
    """Count what happened to the tasks, and how long they waited after a kill."""
    terms = dataclasses.replace(contract, delivery="at-least-once")
    tasks = list(history.tasks.values())
    enqueues = [enqueue for task in tasks for enqueue in task.enqueues]
    recoveries = sorted(recovery_ms(history))
    return Counts(
        attempted=len(enqueues),
        acknowledged=sum(enqueue.is_acknowledged for enqueue in enqueues),
        ok=sum(bool(task.effects) for task in tasks),
        lost=len({task.key for task, _ in lost_enqueues(history)}),
        duplicated=sum(bool(extra_effects(history, terms, task)) for task in tasks),
        unexpected=len(unexpected_tasks(history)),
        recovered=sum(_is_recovered(task) for task in tasks),
        retried=sum(_is_retried(task) for task in tasks),
        dead_lettered=sum(_is_dead_lettered(task) for task in tasks),
        kills_landed=sum(kill.landed for kill in history.kills),
        kills_in_body=sum(kill.in_body for kill in history.kills),
        recovery_ms_p50=statistics.median(recoveries) if recoveries else None,
        recovery_ms_max=recoveries[-1] if recoveries else None,
    )


def recovery_ms(history: History) -> Iterator[float]:
    """Yield the time from each kill in a body to the next start of each task that it stopped.

    A supervisor may start the task again before the kill's own observer looks: that is zero.
    """
    attempts_of = _attempts_by_process(history)
    for kill in history.kills:
        if kill.in_body and kill.end is not None:
            sent, seen = kill.invoke.time, kill.end.time
            for stopped in _interrupted(attempts_of[kill.pid], sent, seen):
                starts = [later.start for later in _later_starts(history, stopped)]
                if starts:
                    yield max(0.0, (min(starts) - kill.end.time) / 1e6)


def _attempts_by_process(history: History) -> Mapping[int | None, list[Attempt]]:
    """Return the attempts that each process ran, or held the claims of."""
    attempts_of: dict[int | None, list[Attempt]] = collections.defaultdict(list)
    for task in history.tasks.values():
        for attempt in task.attempts:
            for pid in {attempt.pid, *history.holders(attempt)}:
                attempts_of[pid].append(attempt)
    return attempts_of


def _interrupted(attempts: Iterable[Attempt], sent: int, seen: int) -> Iterator[Attempt]:
    """Yield the attempts that ran while a kill was under way."""
    for attempt in attempts:
        if attempt.start <= seen and attempt.end >= sent:
            yield attempt


def _later_starts(history: History, stopped: Attempt) -> list[Attempt]:
    return [
        attempt
        for attempt in history.tasks[stopped.task].attempts
        if attempt.row == stopped.row and attempt.start > stopped.start
    ]


def _is_recovered(task: Task) -> bool:
    """Tell whether it ran although nobody knows how its enqueue ended."""
    is_known = any(enqueue.is_acknowledged for enqueue in task.enqueues)
    is_possible = any(not enqueue.has_failed for enqueue in task.enqueues)
    return is_possible and not is_known and bool(task.attempts or task.effects)


def _is_retried(task: Task) -> bool:
    rows = [attempt.row for attempt in task.attempts]
    return len(rows) > len(set(rows))


def _is_dead_lettered(task: Task) -> bool:
    return task.has_ended(None, "dead-letter") or any(
        op.value.get("state") == "failed" for op in task.finals
    )
