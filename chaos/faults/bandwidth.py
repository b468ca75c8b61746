"""bandwidth: each connection carries ``bytes_per_second`` and no more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import BLUE, Fault, Proof
from chaos.faults.network import needs_network, proxy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Slow down; it ends when it is healed."""
    with proxy_of(arena, options).bandwidth(float(options["bytes_per_second"])) as toxic:
        yield lambda: {"bytes": toxic.bytes} if toxic.bytes else None


BANDWIDTH = Fault(
    name="bandwidth",
    family="network",
    summary="each connection to the database carries few bytes a second",
    disturbs="database",
    colour=BLUE,
    inflict=inflict,
    unavailable=needs_network,
    needs_proxy=True,
)
