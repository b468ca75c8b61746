"""database-pause: all processes of the server are frozen; connections stay open, nothing answers.

Longer than a lease, so every worker has lost its tasks when the server goes on.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import PURPLE, Fault, Proof
from chaos.faults.outages import taken_away, without_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, _options: Mapping[str, Any]) -> Iterator[Proof]:
    """Stop the server in its tracks, and let it go on."""
    database = arena.database

    def stop() -> tuple[int, ...]:
        pids = database.pids()
        database.pause()
        return pids

    with taken_away(stop, database.resume) as pids:
        yield lambda: {"server_pids": pids} if pids else None


DATABASE_PAUSE = Fault(
    name="database-pause",
    family="database",
    summary="all processes of the server are stopped for longer than a lease, and go on",
    disturbs="database",
    colour=PURPLE,
    inflict=inflict,
    unavailable=without_server,
    server="halted",
)
