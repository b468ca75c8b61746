"""What the faults that take a whole server away have in common: it always comes back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from chaos.faults.fault import NotLanded
from engine.databases import ServerFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.databases import Database
    from engine.subjects import Subject


@contextlib.contextmanager
def taken_away(
    strike: Callable[[], tuple[int, ...]], bring_back: Callable[[], None]
) -> Iterator[list[int]]:
    """Give the ids of the processes that were struck; bring the server back in any case."""
    pids: tuple[int, ...] | None = None
    try:
        pids = _struck(strike)
        yield list(pids)
    finally:
        # One that another fault holds down comes back with that one.
        if pids != ():
            bring_back()


def _struck(strike: Callable[[], tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return strike()
    except ServerFailed as error:
        raise NotLanded(f"the server did not obey: {error}") from error


def without_server(database: Database, _subject: Subject) -> str:
    """Say why there is no server here that may be taken away; empty if there is one."""
    if database.can_kill:
        return ""
    if database.name == "sqlite":
        return "SQLite has no server that could be taken away"
    return "a server given by URL is not ours to take away"
