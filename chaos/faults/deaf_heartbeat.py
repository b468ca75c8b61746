"""deaf_heartbeat: a worker's heartbeat stands still while its tasks live.

The first supervisor that renews its leases does nothing for ``seconds`` after that; with more than
a lease, the next renewal comes too late. It holds no lock meanwhile, so others are free to act.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import PURPLE, Fault
from chaos.faults.orders import obeyed, ordered
from chaos.faults.patience import landing, wait_while

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(
    arena: Arena, options: Mapping[str, Any]
) -> Iterator[Callable[[], Mapping[str, Any] | None]]:
    """Give the order; whoever took it has woken up when this is over."""
    name, seconds = str(options["name"]), float(options["seconds"])
    with ordered(
        arena, name, statement="heartbeat", at="after-commit", do="stall", seconds=seconds
    ):
        with landing(arena, lambda: _seen(arena, name)) as proof:
            yield proof
        for op in obeyed(arena, name):
            # Nobody can wake it sooner, and as long as it sleeps it is held up.
            wakes_at = op.time / 1e9 + seconds
            wait_while(arena, lambda: time.monotonic() < wakes_at, seconds)  # noqa: B023


def _seen(arena: Arena, name: str) -> Mapping[str, Any] | None:
    pids = [int(op.value["pid"]) for op in obeyed(arena, name)]
    return {"pids": pids} if pids else None


DEAF_HEARTBEAT = Fault(
    name="deaf_heartbeat",
    family="worker",
    summary="a supervisor stands still and renews no lease, while its tasks live",
    disturbs="processes",
    colour=PURPLE,
    inflict=inflict,
)
