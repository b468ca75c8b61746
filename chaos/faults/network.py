"""What the faults of the network have in common: whose connections they strike, and where.

``role`` is ``worker`` or ``producer``: all connections of such processes, open ones and new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.faults.fault import NotLanded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.arena import Arena
    from chaos.proxy import Proxy
    from engine.databases import Database
    from engine.subjects import Subject


def proxy_of(arena: Arena, options: Mapping[str, Any]) -> Proxy:
    """Return what the connections of the struck role go through."""
    role = str(options["role"])
    if role not in arena.proxies:
        raise NotLanded(f"no connections are those of the role {role!r}: it is worker or producer")
    return arena.proxies[role]


def needs_network(database: Database, _subject: Subject) -> str:
    """Say that a file has no network."""
    return "SQLite is a file, so there is no network to it" if database.name == "sqlite" else ""
