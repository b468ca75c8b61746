"""What processes of the run said of orders that they carried out on themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.schema import Op

if TYPE_CHECKING:
    from chaos.arena import Arena


def gate_ops(arena: Arena, f: str) -> list[Op]:
    """Return the ops of the ``gate-PID`` files with that word, in the order of time."""
    folder = arena.orders.parent / "history"
    ops = [
        op
        for path in folder.glob("gate-*.ndjson")
        for line in path.read_bytes().rpartition(b"\n")[0].decode().split("\n")
        if line and (op := Op.from_json(line)).f == f
    ]
    return sorted(ops, key=lambda op: op.time)
