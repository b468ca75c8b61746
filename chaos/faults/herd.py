"""herd: many workers more start at the same moment and reach for the same tasks."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import SKY, Fault, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Start ``workers`` more; they are stopped when it is healed."""
    slots = arena.cluster.add_workers(int(options["workers"]))
    try:
        yield lambda: _seen(arena, slots)
    finally:
        arena.cluster.remove_workers(slots)


def _seen(arena: Arena, slots: list[int]) -> Mapping[str, Any] | None:
    """Return the new workers, once one of them, or a process of it, has run a task."""
    workers = [pid for slot, pid in arena.cluster.workers().items() if slot in slots]
    theirs = {pid for worker in workers for pid in arena.cluster.worker_of(worker)}
    return {"pids": workers} if arena.bodies.pids & theirs else None


HERD = Fault(
    name="herd",
    family="load",
    summary="many workers more start at the same moment",
    disturbs="nothing",
    colour=SKY,
    inflict=inflict,
)
"""They disturb nobody: a claim has to hold against any number of others."""
