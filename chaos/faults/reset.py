"""reset: all open connections are reset (RST), once, in the middle of what they carry.

If none is open yet, those are meant that are opened first while it lasts.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import VERMILION, Fault, Proof
from chaos.faults.network import needs_network, proxy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Reset all open connections, once; there is nothing to heal."""
    proxy = proxy_of(arena, options)

    def prove() -> Mapping[str, Any] | None:
        reset = proxy.reset()
        return {"reset": reset} if reset else None

    yield prove


RESET = Fault(
    name="reset",
    family="network",
    summary="all open connections to the database are reset at once",
    disturbs="database",
    colour=VERMILION,
    inflict=inflict,
    unavailable=needs_network,
    needs_proxy=True,
)
