"""The definition of ``unprovoked-death``, once more: slow, obvious, without the checker's code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from properties.world import ENDED, MS, TICK, World, index_of, owner_pid

if TYPE_CHECKING:
    from typing import Any

    from engine.subjects.contract import Contract
    from properties.world import Body
    from reports.schema import Op


HARMLESS: Final = {
    *("send_mail", "take_note", "write_invoice"),
    *("hang_once", "fail_once", "place_order"),
}


def is_killed_for_nothing(world: World, key: str, contract: Contract) -> bool:
    """A harmless body's process was seen dead, and nothing that may end one had happened."""
    kinds = {call.value.get("kind") for call, _ in world.calls(key)}
    if not kinds or not kinds <= HARMLESS:
        return False
    seen = {op.value["pid"]: op.time for op in world.ops if op.f == "death"}
    return any(
        body.outcome == "killed"
        and seen.get(body.pid, -1) >= body.start
        and not has_a_reason(world, key, body)
        and not world.may_time_out(key, body, contract.timeout_seconds, body.end)
        for body in world.bodies(key)
    )


def has_a_reason(world: World, key: str, body: Body) -> bool:
    """A stop, a kill, a fault, the end of the run, or a claim that was not to be kept."""
    claims = world.claims(key, body)
    owners = {owner_pid(claim) for _, claim, _ in claims} - {None}
    stops = [op for op in world.ops if op.f == "stop" and op.time <= body.end]
    faults = [op for op in world.ops if op.process.startswith("fault-")]
    struck = {op.process for op in faults if body.pid in op.value.get("pids", ())}
    return (
        any(op.value["pid"] in {body.pid, *owners} or not owners for op in stops)
        or any(op.f == "kill" and op.value["pid"] == body.pid for op in faults)
        or any(op.process in struck and op.time <= body.end for op in faults)
        or bool(world.closes(body.pid, body.start, body.end))
        or any(world.may_fail(owner_pid(op), since, body.end) for _, op, since in claims)
        or any(has_run_out(world, key, row, op, body.end) for row, op, _ in claims)
        or (world.final is not None and world.final.time <= body.end)
    )


def has_run_out(world: World, key: str, row: Any, claim: Op, by: float) -> bool:
    """The lease had ended by its time alone, and by then; or a beat came when it was over."""
    audit = world.audit(key, row)
    after = audit[index_of(audit, claim) + 1 :]
    beats = [op for op in after if op.f == "heartbeat" and op.token == claim.token]
    for former, beat in zip([claim, *beats], beats, strict=False):
        was_until = former.value.get("lease_until")
        if was_until is not None and (beat.database_time or 0.0) >= was_until:
            return True
    until = [claim, *beats][-1].value.get("lease_until")
    if until is None:
        return False
    ends = [op for op in after if op.f == "deleted" or (op.f in ENDED and op.token == claim.token)]
    is_ended = bool(ends) and (ends[0].database_time or 0.0) < until - TICK
    over = claim.time + (until - (claim.database_time or 0.0)) * 1000 * MS
    return not is_ended and over <= by
