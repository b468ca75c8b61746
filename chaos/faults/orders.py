"""Orders that processes of a run carry out on themselves: given, withdrawn, seen taken and obeyed.

What an order may say is told in ``engine.project.orders``.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import NotLanded
from chaos.gates import gate_ops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.arena import Arena
    from reports.schema import Op


@contextlib.contextmanager
def ordered(
    arena: Arena, name: str, *, statement: str, at: str, do: str, times: int = 1, **rest: Any
) -> Iterator[None]:
    """Give an order to the workers, at one of the subject's statements, and withdraw it."""
    pattern = arena.subject.statements.get(statement)
    if pattern is None:
        raise NotLanded(f"{arena.subject.name} has no statement that is called {statement}")
    order = {"role": "worker", "statement": pattern, "at": at, "do": do, "times": times, **rest}
    path = arena.orders / f"{name}.json"
    # It has to appear at once and whole: who reads the folder does so when the folder changes.
    draft = arena.orders.with_name(f"{name}.draft")
    draft.write_text(json.dumps(order))
    draft.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def taken(arena: Arena, name: str) -> list[Op]:
    """Return what processes have said before they carried an order out."""
    return _said(arena, name, "order")


def obeyed(arena: Arena, name: str) -> list[Op]:
    """Return what processes have said once they had carried an order out."""
    return _said(arena, name, "obeyed")


def _said(arena: Arena, name: str, f: str) -> list[Op]:
    if not (arena.orders / f"{name}.taken.1").exists():
        return []
    return [op for op in gate_ops(arena, f) if op.value["order"] == name]
