"""latency: every answer of the database takes longer, by ``seconds`` each way, with ``jitter``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import SKY, Fault, Proof
from chaos.faults.network import needs_network, proxy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Delay; the delay ends when it is healed."""
    proxy = proxy_of(arena, options)
    seconds, jitter = float(options["seconds"]), float(options.get("jitter", 0.0))
    with proxy.latency(seconds, jitter, arena.rng) as toxic:
        yield lambda: {"delayed": toxic.delayed} if toxic.delayed else None


LATENCY = Fault(
    name="latency",
    family="network",
    summary="each way to the database takes longer, by a time that varies",
    disturbs="database",
    colour=SKY,
    inflict=inflict,
    unavailable=needs_network,
    needs_proxy=True,
)
