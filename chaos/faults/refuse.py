"""refuse: open connections are reset, and new ones are refused until it is healed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import ORANGE, Fault, Proof
from chaos.faults.network import needs_network, proxy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Reset and refuse; new connections are welcome again when it is healed."""
    proxy = proxy_of(arena, options)
    with proxy.refuse() as toxic:
        reset = proxy.reset()
        yield lambda: {"reset": reset, "refused": toxic.refused} if toxic.refused else None


REFUSE = Fault(
    name="refuse",
    family="network",
    summary="connections to the database are reset, and new ones are refused",
    disturbs="database",
    colour=ORANGE,
    inflict=inflict,
    unavailable=needs_network,
    needs_proxy=True,
)
