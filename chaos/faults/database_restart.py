"""database-restart: the server shuts down in an orderly way, and is started again when healed.

Sessions are ended at once, whatever they do, as for maintenance.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import BLUE, Fault, Proof
from chaos.faults.outages import taken_away, without_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, _options: Mapping[str, Any]) -> Iterator[Proof]:
    """Shut the server down; start it on the same data and port."""
    database = arena.database
    with taken_away(database.shut_down, database.restart) as pids:
        yield lambda: {"server_pids": pids} if pids else None


DATABASE_RESTART = Fault(
    name="database-restart",
    family="database",
    summary="the server shuts down, ending all sessions, and is started again",
    disturbs="database",
    colour=BLUE,
    inflict=inflict,
    unavailable=without_server,
    server="halted",
)
