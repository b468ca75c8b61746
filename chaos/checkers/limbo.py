"""limbo: a row that has not ended, and that neither a claim nor a reaper can see.

That is a row that is claimed under no lease where claims have one, so no end of it comes; or one
that waits for no time at all. A row that moved less than the contract's recovery time before the
final read, or that a fault held up until then, is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import NO_FINAL_READ, Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import History, Task
    from engine.subjects.contract import Contract
    from reports.schema import Op


def find(history: History, contract: Contract) -> Findings:
    """Find the rows that nobody will ever take again."""
    if history.final is None:
        return Findings(exercised=0, missing=NO_FINAL_READ)
    return Findings(
        exercised=sum(bool(row.claims) for row in history.rows.values()),
        found=[
            _finding(history, task, live, reason)
            for task, live, reason in _invisible(history)
            if _had_time(history, contract, task, live)
        ],
    )


def _invisible(history: History) -> Iterator[tuple[Task, Op, str]]:
    for task in history.tasks.values():
        for live in task.finals:
            if reason := _why_invisible(live):
                yield task, live, reason


def _why_invisible(live: Op) -> str:
    state = live.value.get("state")
    if state == "claimed" and live.value.get("lease_until") is None:
        return "claimed under no lease, so no claim sees it and no reaper ever will"
    if state == "waiting" and live.value.get("run_at") is None:
        return "waiting without a time at which it is due, so no claim sees it"
    return ""


def _had_time(history: History, contract: Contract, task: Task, live: Op) -> bool:
    row = task.rows.get(live.value.get("row"))
    moved = row.audit[-1].time if row is not None and row.audit else history.ops[0].time
    since = live.time - contract.recovery_seconds * 1e9
    pid = row.last_claim.owner_pid if row is not None and row.last_claim else None
    return moved <= since and not history.is_held_up(pid, since, live.time)


def _finding(history: History, task: Task, live: Op, reason: str) -> Finding:
    return Finding(
        task=task.key,
        proof=(
            f"the final read at {history.at(live.time)} found row {live.value.get('row')} of"
            f" {task.key} {reason}"
        ),
        moments=(live.time,),
        ops=task.ops,
    )


CHECKER = Checker(
    name="limbo",
    opportunities="rows that were claimed",
    find=find,
    can_be_seen=lambda contract: contract.leases,
)
