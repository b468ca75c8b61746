"""sqlite-writer: another program has begun to write to the SQLite file, and does not end.

Whoever wants to write waits, and gives up when the busy timeout of its connection is over.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import BLUE, Fault, NotLanded, Proof
from chaos.faults.side_connections import ask, side_connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject


@contextlib.contextmanager
def inflict(arena: Arena, _options: Mapping[str, Any]) -> Iterator[Proof]:
    """Take the write lock and sit on it."""
    with side_connection(arena) as writer, side_connection(arena) as probe:
        ask(writer, "BEGIN IMMEDIATE")
        ask(probe, "PRAGMA busy_timeout = 0")
        yield lambda: _refused(probe)


def _refused(probe: Any) -> Mapping[str, Any] | None:
    """Return what another writer is told."""
    try:
        ask(probe, "BEGIN IMMEDIATE")
    except NotLanded as refusal:
        return {"refused": str(refusal)}
    ask(probe, "ROLLBACK")
    return None


def _unavailable(database: Database, _subject: Subject) -> str:
    return "" if database.name == "sqlite" else f"{database.name} has no lock for all writers"


SQLITE_WRITER = Fault(
    name="sqlite-writer",
    family="database",
    summary="another writer sits on the lock of the SQLite file",
    disturbs="database",
    colour=BLUE,
    inflict=inflict,
    unavailable=_unavailable,
    server="asked",
)
