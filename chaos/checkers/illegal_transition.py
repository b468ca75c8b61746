"""illegal-transition: a row changed in a way that leads from no state of a task to another.

The graph: created, then claims, each with its heartbeats and its release, then a finish or a
dead-letter, then deleted. Besides: a row whose lease ran out may be claimed without a release, one
that waits may be dead-lettered or deleted (somebody gave it up), one that was dead-lettered may be
created anew (somebody put it back), and a live row, but no other, may be changed in other ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import DATABASE_TICK_SECONDS, Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import History, Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

LEGAL: Final = {
    "new": {"created"},
    "waiting": {"claim", "dead-letter", "deleted", "changed"},
    "claimed": {"claim", "heartbeat", "release", "finish", "dead-letter", "deleted", "changed"},
    "finished": {"deleted"},
    "dead-lettered": {"deleted"},
    "deleted": frozenset[str](),
    "deleted after its dead-letter": {"created"},
}
LEADS_TO: Final = {
    "created": "waiting",
    "claim": "claimed",
    "heartbeat": "claimed",
    "release": "waiting",
    "finish": "finished",
    "dead-letter": "dead-lettered",
    "deleted": "deleted",
}


def find(history: History, _: Contract) -> Findings:
    """Find the first illegal change of each row."""
    return Findings(
        exercised=sum(len(row.audit) > 1 for row in history.rows.values()),
        found=[
            _finding(history, row, *wrong)
            for row in history.rows.values()
            if (wrong := _first_illegal(history, row)) is not None
        ],
    )


def _first_illegal(history: History, row: Row) -> tuple[Op, str, Op | None] | None:
    """Return the first change that was illegal, the state that it met, and the change before."""
    # The audit may be younger than the row: then its first word is believed.
    state = "new" if row.created is not None else ""
    last: Op | None = None
    lease: float | None = None
    for op in row.audit:
        if state and not _is_legal(history, row, state, op, lease):
            return op, state, last
        if op.f in ("claim", "heartbeat"):
            lease = op.value.get("lease_until")
        state, last = _next_state(state, op), op
    return None


def _is_legal(history: History, row: Row, state: str, op: Op, lease: float | None) -> bool:
    if op.f not in LEGAL[state]:
        return False
    if state == "claimed" and op.f == "claim":
        now = op.database_time
        return lease is None or now is None or now >= lease - DATABASE_TICK_SECONDS
    if state == "claimed" and op.f == "deleted":
        return _may_have_ended(history, row)
    return True


def _may_have_ended(history: History, row: Row) -> bool:
    """Tell whether it may have an end that names no row, or whose record the audit does not see."""
    if row.task is None:
        return True
    task = history.tasks[row.task]
    return bool(task.loose or task.finals_of(row.id))


def _next_state(state: str, op: Op) -> str:
    if state == "dead-lettered" and op.f == "deleted":
        return "deleted after its dead-letter"
    return LEADS_TO.get(op.f, state)


def _finding(history: History, row: Row, op: Op, state: str, last: Op | None) -> Finding:
    token = f" naming token {op.token}" if op.token is not None else ""
    before = f" since its {last.f} at {history.at(last.time)}" if last is not None else ""
    return Finding(
        task=row.task,
        proof=(
            f"a {op.f} of row {row.id}{token} took effect at {history.at(op.time)}, though the row"
            f" was {state}{before}"
        ),
        moments=(op.time, *([last.time] if last is not None else [])),
        ops=row.ops,
    )


CHECKER = Checker(name="illegal-transition", opportunities="rows that were changed", find=find)
