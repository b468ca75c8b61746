"""stale-key: a call was refused because of a task that had ended before the call began.

Its key was not set free when it ended. The audit notes a deletion before its commit, and until then
others rightly see the row live: for a second, or for as long as a fault kept the commit away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.refusals import Refusal, refusals, tell

if TYPE_CHECKING:
    from chaos.history import History, Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

COMMIT_SLACK_NS: Final = 1_000_000_000


def find(history: History, _: Contract) -> Findings:
    """Find the calls that were refused because of the dead."""
    refused = list(refusals(history))
    return Findings(
        exercised=len(refused),
        found=[
            _finding(history, refusal, gone)
            for refusal in refused
            if (gone := _end_before(history, refusal)) is not None
        ],
    )


def _end_before(history: History, refusal: Refusal) -> Op | None:
    """Return the deletion of the row, if everybody had seen it when the call began."""
    row = refusal.row
    gone = row.first("deleted") if row is not None else None
    if row is None or gone is None:
        return None
    committed = _committed_by(history, row, gone)
    return gone if committed < refusal.enqueue.invoke.time else None


def _committed_by(history: History, row: Row, gone: Op) -> float:
    """Return when the deletion was committed at the latest, whoever made it."""
    pids = {claim.owner_pid for claim in row.claims} | {start.pid for start in row.starts}
    free = history.free_from(pids, gone.time, gone.time + COMMIT_SLACK_NS)
    return free + COMMIT_SLACK_NS


def _finding(history: History, refusal: Refusal, gone: Op) -> Finding:
    return Finding(
        task=refusal.task.key,
        proof=(
            f"{tell(history, refusal)}, which had been deleted at {history.at(gone.time)}, before"
            " the call began"
        ),
        moments=(gone.time, refusal.enqueue.invoke.time, refusal.answer.time),
        ops=refusal.task.ops,
    )


CHECKER = Checker(
    name="stale-key",
    opportunities="calls that were told of a duplicate",
    find=find,
    is_promised=lambda contract: contract.deduplicates,
)
