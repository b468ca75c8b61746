"""deploy: workers are replaced by workers of another release, some or all of them.

``release`` names one of ``engine.project.releases``; ``share`` is the part of the workers that are
replaced, from 0 to 1. Old and new workers run side by side until it is healed, which takes all
workers to ``release`` or, with ``rolls_back``, to where they came from.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import GREEN, Fault, NotLanded, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Replace a part of the workers, and the others when it is healed."""
    workers = arena.cluster.workers()
    if not workers:
        raise NotLanded("there was no worker to replace")
    slots = sorted(workers)
    new = slots[: max(1, math.floor(len(slots) * float(options["share"])))]
    release = str(options["release"])
    arena.cluster.deploy(new, release)
    try:
        yield lambda: _seen(arena, new, workers)
    finally:
        if options.get("rolls_back"):
            arena.cluster.deploy(new, "1")
        else:
            arena.cluster.deploy([slot for slot in slots if slot not in new], release)


def _seen(
    arena: Arena, slots: Sequence[int], former: Mapping[int, int]
) -> Mapping[str, Any] | None:
    """Return the new workers, once each of the slots has one."""
    now = arena.cluster.workers()
    new = [now[slot] for slot in slots if slot in now and now[slot] != former[slot]]
    return {"pids": new} if len(new) == len(slots) else None


DEPLOY = Fault(
    name="deploy",
    family="deploy",
    summary="workers of another release replace some workers, and then all",
    disturbs="nothing",
    colour=GREEN,
    inflict=inflict,
)
