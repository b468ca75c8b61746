"""The definitions of the anomalies of a row's states, once more: slow and obvious.

They share no code with the checkers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from properties.world import TICK, World, owner_pid

if TYPE_CHECKING:
    from typing import Any

    from engine.subjects.contract import Contract
    from reports.schema import Op

FOLLOWS: Final = {
    "created": {"claim", "dead-letter", "deleted"},
    "release": {"claim", "dead-letter", "deleted"},
    "claim": {"claim", "heartbeat", "release", "finish", "dead-letter", "deleted"},
    "heartbeat": {"claim", "heartbeat", "release", "finish", "dead-letter", "deleted"},
    "finish": {"deleted"},
    "dead-letter": {"deleted"},
    "deleted": set(),
}
LIVE: Final = ("created", "release", "claim", "heartbeat")


def is_ended_twice(world: World, key: str, _: Contract) -> bool:
    """Two ends of a row without a creation between."""
    for row in world.rows(key):
        lives = [0]
        for op in world.audit(key, row):
            if op.f == "created":
                lives.append(0)
            lives[-1] += op.f in ("finish", "dead-letter")
        if max(lives) > 1:
            return True
    return False


def leaves_the_graph(world: World, key: str, _: Contract) -> bool:
    """A change that may not follow the changes before it."""
    return any(
        not may_follow(world, key, row, audit[:place], op)
        for row in world.rows(key)
        for audit in [world.audit(key, row)]
        for place, op in enumerate(audit)
    )


def may_follow(world: World, key: str, row: Any, before: list[Op], op: Op) -> bool:
    """The last change that moved the row allows this one."""
    moves = [one for one in before if one.f != "changed"]
    is_told = any(one.f == "created" for one in world.audit(key, row))
    if not moves:
        return op.f == "created" or not is_told
    last = moves[-1].f
    if op.f == "changed":
        return last in LIVE
    if last == "deleted" and op.f == "created":
        return [one.f for one in moves[-2:]] == ["dead-letter", "deleted"]
    if last in ("claim", "heartbeat") and op.f == "claim":
        until = moves[-1].value.get("lease_until")
        return until is None or (op.database_time or 0.0) >= until - TICK
    if last in ("claim", "heartbeat") and op.f == "deleted":
        return bool(world.loose(key) or world.finals(key, row))
    return op.f in FOLLOWS[last]


def is_in_limbo(world: World, key: str, contract: Contract) -> bool:
    """Claimed without a lease, or waiting without a time, and at rest for the recovery time."""
    for op in world.of(key, "row") if world.final is not None else ():
        state, told = op.value["state"], op.value
        hidden = (state, told.get("lease_until")) == ("claimed", None) or (
            (state, told.get("run_at")) == ("waiting", None)
        )
        since = op.time - contract.recovery_seconds * 1e9
        row = op.value["row"]
        audit = world.audit(key, row) if row in world.rows(key) else []
        claims = [owner_pid(one) for one in audit if one.f == "claim"]
        moved = audit[-1].time if audit else world.ops[0].time
        is_free = not world.closes(claims[-1] if claims else None, since, op.time)
        if hidden and moved <= since and is_free:
            return True
    return False
