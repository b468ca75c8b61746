"""Random damage to a history: what no engine and no mutator would do, for the oracle to judge.

The result is still a history: nothing ends that never began, and the audit has its times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from properties.edits import changed, swapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.schema import Op

SHIFTS_MS = st.sampled_from([-5_000, -1_000, -60, -50, -1, 1, 49, 50, 51, 1_000, 5_000])
SHIFTS_SECONDS = st.sampled_from([-9.0, -1.0, -0.002, -0.0005, 0.0005, 0.002, 1.0, 9.0])
SMALL = st.integers(0, 3)
DAMAGES = st.lists(st.integers(0, 10**6), min_size=1, max_size=6)


def scrambled(ops: list[Op], draw: Callable[[Any], Any]) -> list[Op]:
    """Return the ops with up to six of them damaged."""
    for number in draw(DAMAGES):
        ops = _damage(ops, ops[number % len(ops)], draw)
    return ops


def _damage(ops: list[Op], op: Op, draw: Callable[[Any], Any]) -> list[Op]:
    is_start = op.f == "attempt" and op.type == "invoke"
    is_end = op.f in {"enqueue", "attempt"} and op.type != "invoke"
    match draw(st.sampled_from(["drop", "repeat", "shift", "token", "number", "type", "value"])):
        case "drop" if op.type != "invoke":
            return swapped(ops, {id(op): None})
        case "repeat" if op.f == "effect":
            return [*ops, changed(op, time=op.time + 1)]
        case "shift" if op.process != "final-read":
            return _shift(ops, op, draw(SHIFTS_MS))
        case "token" if op.process == "audit" or is_start:
            other = changed(op, token=draw(SMALL))
        case "number" if is_start:
            other = changed(op, attempt=draw(SMALL))
        case "type" if is_end:
            other = changed(op, type=draw(st.sampled_from(["fail", "info"])))
        case _:
            other = changed(op, _other_value(ops, op, draw))
    return swapped(ops, {id(op): other})


def _shift(ops: list[Op], op: Op, by_ms: int) -> list[Op]:
    """Move an op of the audit, by both clocks, or all ops of another process."""
    by = by_ms * 10**6
    if op.process == "audit":
        database_time = (op.database_time or 0.0) + by_ms / 1000
        return swapped(ops, {id(op): changed(op, time=op.time + by, database_time=database_time)})
    own = {
        id(other): changed(other, time=other.time + by)
        for other in ops
        if other.process == op.process
    }
    return swapped(ops, dict(own))


def _other_value(ops: list[Op], op: Op, draw: Callable[[Any], Any]) -> dict[str, Any]:
    """Return another entry for the op's value, of a kind that it has."""
    rows = sorted({o.value["row"] for o in ops if o.task == op.task and o.value.get("row")})
    owners = [f"host:{pid}" for pid in (900, 901, 1001, 1002, 1003)]
    others: dict[str, Any] = {
        "row": st.sampled_from([None, *rows]),
        "lease_until": st.none() if op.value.get("lease_until") is None else SHIFTS_SECONDS,
        "run_at": SHIFTS_SECONDS,
        "attempts": SMALL,
        "max_attempts": SMALL,
        "state": st.sampled_from(["waiting", "claimed", "completed", "failed"]),
        "drained": st.booleans(),
        "duplicate": st.booleans(),
        "unique": st.booleans(),
        "task_hash": st.sampled_from(["hash of order-1", None]),
        "owner": st.sampled_from([*owners, ""]),
        "digest": st.sampled_from(["digest of order-1", "digest of another", None]),
        "result": st.sampled_from(['["order-1", 1001]', "null"]),
        "batch": st.sampled_from(["batch-1", "batch-2"]),
        "kind": st.sampled_from(["send_mail", "kill_worker"]),
        "disturbs": st.sampled_from(["nothing", "processes", "database"]),
        "pids": st.lists(st.sampled_from([900, 901, 1001, 1002, 1003, 1004]), max_size=2),
    }
    names = sorted(set(others) & set(op.value))
    if not names:
        return {}
    name = draw(st.sampled_from(names))
    told = draw(others[name])
    if name in {"lease_until", "run_at"} and told is not None:
        told += op.value[name]
    return {name: told}
