"""lost-notifications: workers are not told of new tasks; polling has to find them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import GREY, Fault, Proof
from chaos.faults.network import proxy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Leave notifications out; they arrive again when it is healed."""
    with proxy_of(arena, options).drop_notifications() as toxic:
        yield lambda: {"dropped": toxic.dropped} if toxic.dropped else None


def needs_notifications(database: Database, _subject: Subject) -> str:
    """Say which databases notify nobody."""
    return "" if database.name == "postgresql" else f"{database.name} notifies nobody"


LOST_NOTIFICATIONS = Fault(
    name="lost-notifications",
    family="network",
    summary="notifications of PostgreSQL do not reach workers",
    disturbs="nothing",
    colour=GREY,
    inflict=inflict,
    unavailable=needs_notifications,
    needs_proxy=True,
)
