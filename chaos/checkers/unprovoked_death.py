"""unprovoked-death: a process died while it ran a harmless task, and nobody had a reason to end it.

A fault that killed or struck it, a stop or the death of its worker, the contract's timeout, a lease
that was over, and a database that was out of reach are reasons. Without one, its engine killed a
healthy task.
"""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.leases import has_lapsed, has_run_out, lease_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import Attempt, History
    from engine.subjects.contract import Contract

HARMLESS: Final = frozenset(
    {"send_mail", "take_note", "write_invoice", "hang_once", "fail_once", "place_order"}
)
"""The tasks of the shop that never end their own process."""


def find(history: History, contract: Contract) -> Findings:
    """Find the attempts that were killed for no reason."""
    died = list(_died(history))
    stopped = {int(op.value["pid"]): op.time for op in reversed(history.stops)}
    return Findings(
        exercised=len(died),
        found=[
            _finding(history, attempt)
            for attempt in died
            if not _is_provoked(history, contract, attempt, stopped)
        ],
    )


def _died(history: History) -> Iterator[Attempt]:
    """Yield the attempts of harmless tasks that ended because their process was seen dead."""
    seen_at: dict[int, list[float]] = collections.defaultdict(list)
    for op in history.ops:
        if op.f == "death":
            seen_at[int(op.value["pid"])].append(op.time)
    if not seen_at:
        return
    for task in history.tasks.values():
        kinds = {one.invoke.value.get("kind") for one in task.enqueues}
        for attempt in task.attempts if kinds and kinds <= HARMLESS else ():
            times = seen_at.get(attempt.pid, []) if attempt.pid is not None else []
            if attempt.outcome == "killed" and any(time >= attempt.start for time in times):
                yield attempt


def _is_provoked(
    history: History, contract: Contract, attempt: Attempt, stopped: dict[int, int]
) -> bool:
    holders = history.holders(attempt)
    pids = {attempt.pid, *holders}
    first_stops = [stopped.get(pid, math.inf) for pid in pids if pid is not None]
    # Without a known holder any worker's stop may have been the one.
    if not holders:
        first_stops += stopped.values()
    return (
        min(first_stops, default=math.inf) <= attempt.end
        or any(kill.pid == attempt.pid for kill in history.kills)
        or _was_struck(history, attempt)
        or _was_out_of_reach(history, attempt)
        or history.may_have_timed_out(attempt, contract.timeout_seconds, attempt.end)
        or (history.final is not None and history.final.time <= attempt.end)
    )


def _was_struck(history: History, attempt: Attempt) -> bool:
    """Tell whether a fault had struck the process itself, however long ago."""
    return any(
        attempt.pid in window.pids and window.opened.time <= attempt.end
        for window in history.windows
    )


def _was_out_of_reach(history: History, attempt: Attempt) -> bool:
    """Tell whether the holder had failed, the database was held up, or the lease had run out."""
    return history.is_held_up(attempt.pid, attempt.start, attempt.end) or any(
        history.may_have_failed(claim.owner_pid, since, attempt.end)
        or (has_run_out(claim) and lease_end(claim) <= attempt.end)
        or has_lapsed(claim)
        for claim, since in history.tenures(attempt)
    )


def _finding(history: History, attempt: Attempt) -> Finding:
    return Finding(
        task=attempt.task,
        proof=(
            f"{attempt.process} was seen dead at {history.at(attempt.end)} while it ran"
            f" {attempt.task}, begun at {history.at(attempt.start)}, and no fault, no stop of its"
            " worker, no timeout and no lost lease was a reason to end it"
        ),
        moments=(attempt.start, round(attempt.end)),
        ops=history.tasks[attempt.task].ops,
    )


CHECKER = Checker(
    name="unprovoked-death",
    opportunities="bodies of harmless tasks whose process was seen dead",
    find=find,
)
