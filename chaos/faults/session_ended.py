"""session-ended: an administrator ends the session of a worker, while it is in the middle of work.

``statement`` names what tells the victim: whose session asks that first, loses it. It waits for
``stall`` seconds in the middle of its transaction, so that it is hit there; with ``idle`` true it
is hit the next time that it waits for work instead, which is when a worker listens.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from chaos.faults.fault import GREEN, Fault, Proof
from chaos.faults.orders import ordered, taken
from chaos.faults.patience import landing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject

IDLE: Final = frozenset({"idle", "Sleep"})
"""The words of PostgreSQL, and of MySQL and MariaDB, for a session that waits for its client."""

TELLERS: Final = 20
"""So many may tell their session; somebody else may have ended that of the first."""


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Have the next one who runs the statement tell its session, and end that."""
    name, must_be_idle = str(options["name"]), bool(options.get("idle"))
    order = {"statement": options["statement"], "at": "after", "do": "stall", "times": TELLERS}
    seconds = float(options.get("stall", 0.0))
    with (
        ordered(arena, name, **order, seconds=seconds),
        landing(arena, lambda: _end(arena, name, must_be_idle=must_be_idle)) as proof,
    ):
        yield proof


def _end(arena: Arena, name: str, *, must_be_idle: bool) -> Mapping[str, Any] | None:
    for op in reversed(taken(arena, name)):
        session = int(op.value["session"])
        # A server that another fault has taken away ends no session.
        with contextlib.suppress(Exception):
            if must_be_idle and not _is_idle(arena, session):
                continue
            if arena.database.end_session(session):
                pid, statement = int(op.value["pid"]), op.value["statement"]
                return {"pids": [pid], "session": session, "statement": statement}
    return None


def _is_idle(arena: Arena, number: int) -> bool:
    return any(
        session.number == number and session.state in IDLE for session in arena.database.sessions()
    )


def _unavailable(database: Database, subject: Subject) -> str:
    if database.name == "sqlite":
        return "SQLite has no sessions that could be ended"
    if not subject.statements:
        return f"nobody knows which statements of {subject.name} are which"
    return ""


SESSION_ENDED = Fault(
    name="session-ended",
    family="database",
    summary="a worker's own session is ended while it claims, beats its heart or listens",
    disturbs="processes",
    colour=GREEN,
    inflict=inflict,
    unavailable=_unavailable,
    server="asked",
)
