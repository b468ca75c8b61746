"""leak: all workers were gone, and one of their database sessions still held something.

A session that is idle holds nothing but memory. One that is in a transaction keeps its locks and
its snapshot, and nobody is left to end it. The database may take a moment to see that a client is
dead, so a look sooner than that after the last exit proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.history import History
    from engine.subjects.contract import Contract
    from reports.schema import Op

HOLDING_NOTHING: Final = frozenset({"idle", "sleep", "disabled", ""})
MOMENT_NS: Final = 1_000_000_000
QUERY_SHOWN: Final = 80


def find(history: History, _: Contract) -> Findings:
    """Find the sessions that were active or in a transaction after the last worker's end."""
    gone = max((op.time for op in history.ops if op.f == "exit"), default=None)
    look = next((op for op in reversed(history.ops) if op.f == "sessions"), None)
    if look is None or gone is None:
        return Findings(exercised=0)
    holding = [
        session
        for session in look.value.get("open", ())
        if str(session.get("state") or "").lower() not in HOLDING_NOTHING
    ]
    if holding and look.time - gone < MOMENT_NS:
        return Findings(exercised=0)
    return Findings(
        exercised=1, found=[_finding(history, look, session, gone) for session in holding]
    )


def _finding(history: History, look: Op, session: Mapping[str, Any], gone: int) -> Finding:
    return Finding(
        task=None,
        proof=(
            f"session {session.get('session')} was {session.get('state')} for"
            f" {float(session.get('seconds') or 0.0):.1f} s at {history.at(look.time)}, although"
            f" the last worker had ended at {history.at(gone)}; its statement was"
            f" {str(session.get('query') or 'unknown')[:QUERY_SHOWN]}"
        ),
        moments=(look.time,),
        ops=[look],
    )


CHECKER = Checker(
    name="leak",
    opportunities="look at the sessions after the last worker's end",
    find=find,
)
