"""stats: the run did what it set out to do, so its other checks mean something.

Never INVALID: a run without work, with a fault that did not land, with a queue that was not drained
or with a history that has gaps proves nothing, and that is UNKNOWN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers import stuck
from chaos.checkers.checker import Checker, Findings
from chaos.checkers.gaps import Intention, gaps, unmet
from chaos.checkers.silence import silent_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chaos.history import History
    from engine.subjects.contract import Contract

MID_TASK: Final = frozenset({"task", "itself"})
"""The targets of kills that mean a task's body."""

NOTHING_INTENDED: Final = Intention()


def find(
    history: History,
    contract: Contract,
    *,
    intended: Intention = NOTHING_INTENDED,
    unknown: Iterable[str] = (),
) -> Findings:
    """Name what is missing for a verdict.

    ``intended`` is what the run set out to do, where there is a plan; ``unknown`` are the
    properties that it was to put to the test and that no checker is for.
    """
    missing = [
        *_missing(history, contract),
        *(f"no anomaly is called {name!r}, which the plan exercises" for name in unknown),
        *gaps(history),
        *unmet(history, intended),
    ]
    return Findings(
        exercised=sum(len(task.acknowledged()) for task in history.tasks.values()),
        missing="; ".join(dict.fromkeys(missing)),
    )


def _missing(history: History, contract: Contract) -> Iterator[str]:
    tasks = history.tasks.values()
    if not any(task.acknowledged() for task in tasks):
        yield "no enqueue was acknowledged"
    if not any(task.effects for task in tasks):
        yield "no task had an effect"
    for kind in sorted(silent_kinds(history)):
        yield f"no {kind} said that it had an effect: its body has to use observed() and effect()"
    yield from _words_without_success(history)
    yield from _faults_that_did_not_land(history)
    if history.final is None:
        yield "there was no final read"
    elif not history.final.value.get("drained") and not stuck.find(history, contract).found:
        yield "the queue was not drained"


def _words_without_success(history: History) -> Iterator[str]:
    """Name each kind of call that never succeeded; those that are rolled back are meant to fail."""
    calls: dict[str, bool] = {}
    for task in history.tasks.values():
        for enqueue in task.enqueues:
            kind = enqueue.invoke.value.get("kind")
            if kind is not None and not enqueue.invoke.value.get("aborts"):
                calls[kind] = calls.get(kind) or enqueue.is_acknowledged or bool(task.attempts)
    for kind, has_succeeded in sorted(calls.items()):
        if not has_succeeded:
            yield f"no enqueue of the kind {kind} was acknowledged, and none of them ran"
    attempts = [attempt for task in history.tasks.values() for attempt in task.attempts]
    if attempts and not any(attempt.outcome == "ok" for attempt in attempts):
        yield "no attempt returned"


def _faults_that_did_not_land(history: History) -> Iterator[str]:
    for kill in history.kills:
        if not kill.landed:
            yield (
                f"the kill of process {kill.pid} at {history.at(kill.invoke.time)} was never"
                " seen to land"
            )
    mid_task = [kill for kill in history.kills if kill.invoke.value.get("target") in MID_TASK]
    if mid_task and not any(kill.in_body for kill in mid_task):
        yield "no kill interrupted a task's body"
    for window in history.windows:
        if window.landed is None:
            yield (
                f"the fault {window.fault} at {history.at(window.opened.time)} was never seen to"
                " land"
            )


CHECKER = Checker(name="stats", opportunities="acknowledged enqueues", find=find)
