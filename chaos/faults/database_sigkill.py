"""database-sigkill: the server and all its processes die, and it recovers from its log when healed.

What was acknowledged has to be there afterwards: nothing but the disk remembers.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import VERMILION, Fault, Proof
from chaos.faults.outages import taken_away, without_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, _options: Mapping[str, Any]) -> Iterator[Proof]:
    """Kill all processes of the server; start it on the same data and port."""
    database = arena.database
    with taken_away(database.kill, database.restart) as pids:
        yield lambda: {"server_pids": pids} if pids else None


DATABASE_SIGKILL = Fault(
    name="database-sigkill",
    family="database",
    summary="SIGKILL of all processes of the server; started again, it recovers from its log",
    disturbs="database",
    colour=VERMILION,
    inflict=inflict,
    unavailable=without_server,
    server="halted",
)
