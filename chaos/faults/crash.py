"""crash: a process of a worker dies at a statement, or at the commit of its transaction.

``statement`` is one that the subject names, ``at`` is ``before``, ``after``, ``before-commit`` or
``after-commit``, and whoever comes there first sends itself SIGKILL.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.deathwatch import DeathWatch
from chaos.faults.fault import VERMILION, Fault, Proof
from chaos.faults.orders import ordered, taken
from chaos.faults.patience import landing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Give the order, and see who carried it out dead."""
    name = str(options["name"])
    order = {"statement": options["statement"], "at": options["at"], "do": "sigkill"}
    with ordered(arena, name, **order), landing(arena, lambda: _seen_dead(arena, name)) as proof:
        yield proof


def _seen_dead(arena: Arena, name: str) -> Mapping[str, Any] | None:
    for op in taken(arena, name):
        pid = int(op.value["pid"])
        with DeathWatch(pid) as watch:
            if watch.is_dead():
                return {"pids": [pid], "statement": op.value["statement"], "at": op.value["at"]}
    return None


CRASH = Fault(
    name="crash",
    family="worker",
    summary="a process of a worker dies before or after a named statement or its commit",
    disturbs="nothing",
    colour=VERMILION,
    inflict=inflict,
)
