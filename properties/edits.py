"""Small changes to a history, by which the mutators and the scrambles spoil it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.schema import Op


SECOND_NS: Final = 10**9


def changed(op: Op, /, value: dict[str, Any] | None = None, **fields: Any) -> Op:
    """Return the op with other fields, and other entries of its value."""
    return dataclasses.replace(op, **fields, value={**op.value, **(value or {})})


def told(ops: Iterable[Op], f: str, type_: str = "ok", **fields: Any) -> list[Op]:
    """Return the ops of one word, in order."""
    return [
        op
        for op in ops
        if op.f == f
        and op.type == type_
        and all(getattr(op, name) == value for name, value in fields.items())
    ]


def swapped(ops: list[Op], replaced: dict[int, Op | None]) -> list[Op]:
    """Return the ops with some of them, by identity, replaced or (None) removed."""
    new = (replaced.get(id(op), op) for op in ops)
    return [op for op in new if op is not None]


def rows_with(ops: list[Op], f: str, times: int = 1) -> list[Any]:
    """Return the rows of which the audit says a word at least so often."""
    rows = [op.value["row"] for op in told(ops, f)]
    return sorted({row for row in rows if row is not None and rows.count(row) >= times})


def of_row(ops: list[Op], row: Any, *words: str) -> list[Op]:
    """Return the audit's ops of a row, in order."""
    return [
        op for op in ops if op.process == "audit" and op.f in words and op.value.get("row") == row
    ]


def single_rows(ops: list[Op]) -> list[str]:
    """Return the tasks that had one row, which was acknowledged and finished."""
    created = [op.task for op in told(ops, "created")]
    calls = [op.task for op in told(ops, "enqueue") if not op.value["duplicate"]]
    finished = {op.task for op in told(ops, "finish")}
    return sorted(
        key for key in finished if key and created.count(key) == 1 and calls.count(key) == 1
    )


def moved_by(op: Op, by: float) -> Op:
    """Return the audit's op so many seconds later, by both clocks."""
    database_time = (op.database_time or 0.0) + by
    return changed(op, time=op.time + round(by * SECOND_NS), database_time=database_time)


def after(ops: list[Op], op: Op, f: str) -> list[Op]:
    """Let the audit say another word right after an op of its own."""
    moved = {
        id(other): changed(other, {"sequence": other.value["sequence"] * 2})
        for other in ops
        if other.process == "audit"
    }
    another = changed(op, {"sequence": op.value["sequence"] * 2 + 1}, f=f)
    return [*swapped(ops, dict(moved)), another]
