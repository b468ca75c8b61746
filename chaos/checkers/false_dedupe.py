"""false-dedupe: a call was refused as a duplicate though no equal task was live.

The row that it was told of came only later, is another task's, or is none of its business because
the call had opted out. Judged no closer than the clocks allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.refusals import Refusal, refusals, tell
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from chaos.history import History
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the calls that were refused for no reason."""
    refused = list(refusals(history))
    return Findings(
        exercised=len(refused),
        found=[
            _finding(history, refusal, reason)
            for refusal in refused
            if (reason := _why_false(history, refusal))
        ],
    )


def _why_false(history: History, refusal: Refusal) -> str:
    """Say why no equal row was live; empty if one may have been."""
    if not refusal.enqueue.is_unique:
        return "although it had opted out of being unique"
    row = refusal.row
    if row is None:
        return ""
    if row.task not in {None, refusal.task.key}:
        return f"which is a row of {row.task}"
    if row.created is not None and row.created.time - CLOCK_SLACK_NS > refusal.answer.time:
        return f"which was created at {history.at(row.created.time)} only"
    return ""


def _finding(history: History, refusal: Refusal, reason: str) -> Finding:
    return Finding(
        task=refusal.task.key,
        proof=f"{tell(history, refusal)}, {reason}",
        moments=(refusal.enqueue.invoke.time, refusal.answer.time),
        ops=refusal.task.ops,
    )


CHECKER = Checker(
    name="false-dedupe",
    opportunities="calls that were told of a duplicate",
    find=find,
    is_promised=lambda contract: contract.deduplicates,
)
