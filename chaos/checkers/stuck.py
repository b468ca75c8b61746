"""stuck: an acknowledged task was still in the queue at the end, due, and nobody would run it.

A claimed row is stuck if its lease is over or its owner is dead, and also if the run gave it until
its deadline and it did not end. What a fault still held up at the end, or had held up less than the
contract's recovery time before, is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import NO_FINAL_READ, Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import Enqueue, History, Task
    from engine.subjects.contract import Contract
    from reports.schema import Op


def find(history: History, contract: Contract) -> Findings:
    """Find the acknowledged rows that were live and due when the run was over."""
    final = history.final
    if final is None:
        return Findings(exercised=0, missing=NO_FINAL_READ)
    acknowledged = [
        (task, enqueue) for task in history.tasks.values() for enqueue in task.acknowledged()
    ]
    return Findings(
        exercised=len(acknowledged),
        found=[
            _finding(history, task, live, final, reason)
            for task, enqueue in acknowledged
            for live in _live_rows(task, enqueue)
            if (reason := _why_stuck(history, task, live, final))
            and not _is_held_up(history, contract, task, live)
        ],
    )


def _live_rows(task: Task, enqueue: Enqueue) -> list[Op]:
    states = ("waiting", "claimed")
    return [op for op in task.finals_of(enqueue.row) if op.value.get("state") in states]


def _why_stuck(history: History, task: Task, live: Op, final: Op) -> str:
    """Say why nobody would have run the row; empty if somebody might."""
    now = _database_now(live, final)
    run_at = live.value.get("run_at")
    if run_at is not None and run_at > now:
        return ""
    if live.value.get("state") == "waiting":
        return "nobody had claimed it although it was due"
    lease_until = live.value.get("lease_until")
    if (owner := _dead_owner(history, task, live, final)) != "":
        return owner
    if lease_until is not None and lease_until <= now:
        return f"its lease had run out {now - lease_until:.2f} s before"
    return "" if final.value.get("drained") else "the run's deadline had passed"


def _dead_owner(history: History, task: Task, live: Op, final: Op) -> str:
    row = task.rows.get(live.value.get("row"))
    if row is None:
        return ""
    claim = row.last_claim
    if claim is not None and (death := history.death_seen(claim.owner_pid, final.time)):
        token = f" with token {claim.token}" if claim.token is not None else ""
        return f"its owner {claim.owner}{token} was dead since {history.at(death.seen or 0)}"
    if row.starts and live.value.get("lease_until") is None:
        last = row.starts[-1]
        if death := history.death_seen(last.pid, final.time):
            return f"{last.process}, which ran it, was dead since {history.at(death.seen or 0)}"
    return ""


def _is_held_up(history: History, contract: Contract, task: Task, live: Op) -> bool:
    """Tell whether a fault left the queue, or the row's holder, no time to recover."""
    since = live.time - contract.recovery_seconds * 1e9
    row = task.rows.get(live.value.get("row"))
    holders: set[int | None] = {None}
    if row is not None and live.value.get("state") == "claimed":
        holders |= {row.last_claim.owner_pid} if row.last_claim else set()
        holders |= {row.starts[-1].pid} if row.starts else set()
    return any(history.is_held_up(pid, since, live.time) for pid in holders)


def _database_now(live: Op, final: Op) -> float:
    now = live.database_time if final.database_time is None else final.database_time
    if now is None:
        raise ValueError("the final read has no database_time, so nobody knows what was due")
    return now


def _finding(history: History, task: Task, live: Op, final: Op, reason: str) -> Finding:
    return Finding(
        task=task.key,
        proof=(
            f"row {live.value.get('row')} of {task.key} was still {live.value.get('state')} at the"
            f" final read at {history.at(final.time)}, and {reason}"
        ),
        moments=(final.time, max(op.time for op in task.ops if op.process != "final-read")),
        ops=task.ops,
    )


CHECKER = Checker(name="stuck", opportunities="acknowledged enqueues", find=find)
