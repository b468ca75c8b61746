"""blackhole: nothing arrives any more, and no end of the connection either.

Healing resets the connections that lost something, as their streams are broken: without it a client
would wait for as long as its system keeps such connections.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import PURPLE, Fault, Proof
from chaos.faults.network import needs_network, proxy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena
    from chaos.proxy import Blackhole


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Swallow everything; connections that lost something are reset when it is healed."""
    with proxy_of(arena, options).blackhole() as toxic:
        yield lambda: _seen(toxic)


def _seen(toxic: Blackhole) -> Mapping[str, Any] | None:
    """Return what was lost; who waits for a server's first word has lost something, too."""
    connections = len(toxic.swallowed)
    return {"connections": connections, "bytes": toxic.bytes} if connections else None


BLACKHOLE = Fault(
    name="blackhole",
    family="network",
    summary="whatever is sent to or from the database is lost, without an error",
    disturbs="database",
    colour=PURPLE,
    inflict=inflict,
    unavailable=needs_network,
    needs_proxy=True,
)
