"""deaf_heartbeat: a worker's heartbeat stands still while its tasks live.

The first supervisor that renews its leases does nothing for ``seconds`` after that; with more than
a lease, the next renewal comes too late. It holds no lock meanwhile, so others are free to act.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import PURPLE, Fault, Proof
from chaos.faults.orders import obeyed, ordered, taken
from chaos.faults.patience import landing, wait_while

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Give the order; it has landed when who took it has stood still for as long as it says."""
    name, seconds = str(options["name"]), float(options["seconds"])
    order: dict[str, Any] = {"statement": "heartbeat", "at": "after-commit", "do": "stall"}
    with (
        ordered(arena, name, **order, seconds=seconds),
        landing(arena, lambda: _stood_still(arena, name, seconds)) as proof,
    ):
        yield proof
        # Nobody can wake it sooner, and as long as it sleeps it is held up.
        if taken(arena, name):
            wait_while(arena, lambda: not obeyed(arena, name), seconds)


def _stood_still(arena: Arena, name: str, seconds: float) -> Mapping[str, Any] | None:
    began = {op.process: op.time for op in taken(arena, name)}
    pids = [
        int(op.value["pid"])
        for op in obeyed(arena, name)
        if op.time - began[op.process] >= seconds * 1e9
    ]
    return {"pids": pids} if pids else None


DEAF_HEARTBEAT = Fault(
    name="deaf_heartbeat",
    family="worker",
    summary="a supervisor stands still and renews no lease, while its tasks live",
    disturbs="processes",
    colour=PURPLE,
    inflict=inflict,
)
