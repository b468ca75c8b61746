"""cut: each connection is reset after ``bytes`` more, wherever in a statement or answer that is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import YELLOW, Fault, Proof
from chaos.faults.network import needs_network, proxy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Cut connections; it ends when it is healed."""
    with proxy_of(arena, options).cut_after(int(options["bytes"])) as toxic:
        yield lambda: {"cut": toxic.cut} if toxic.cut else None


CUT = Fault(
    name="cut",
    family="network",
    summary="each connection to the database is reset after so many bytes",
    disturbs="database",
    colour=YELLOW,
    inflict=inflict,
    unavailable=needs_network,
    needs_proxy=True,
)
