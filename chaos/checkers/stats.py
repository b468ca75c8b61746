"""stats: the run did what it set out to do, so its other checks mean something.

Never INVALID: a run without work, without a kill that landed, or with a queue that was not drained
proves nothing, and that is UNKNOWN.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from chaos.checkers import stuck
from chaos.checkers.checker import Checker, Findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import History
    from engine.subjects.contract import Contract


def checker(*, expects_kills: bool) -> Checker:
    """Return the check; a run that is meant to kill must interrupt a task's body."""
    find_missing = functools.partial(find, expects_kills=expects_kills)
    return Checker(name="stats", opportunities="acknowledged enqueues", find=find_missing)


def find(history: History, contract: Contract, *, expects_kills: bool) -> Findings:
    """Name what is missing for a verdict."""
    return Findings(
        exercised=sum(len(task.acknowledged()) for task in history.tasks.values()),
        missing="; ".join(_missing(history, contract, expects_kills=expects_kills)),
    )


def _missing(history: History, contract: Contract, *, expects_kills: bool) -> Iterator[str]:
    tasks = history.tasks.values()
    if not any(task.acknowledged() for task in tasks):
        yield "no enqueue was acknowledged"
    if not any(task.effects for task in tasks):
        yield "no task had an effect"
    for kill in history.kills:
        if not kill.landed:
            yield (
                f"the kill of process {kill.pid} at {history.at(kill.invoke.time)} was never"
                " seen to land"
            )
    if expects_kills and not any(kill.in_body for kill in history.kills):
        yield "no kill interrupted a task's body"
    if history.final is None:
        yield "there was no final read"
    elif not history.final.value.get("drained") and not stuck.find(history, contract).found:
        yield "the queue was not drained"
