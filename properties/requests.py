"""The definitions of the anomalies of calls, arguments and results, once more: slow and obvious.

They share no code with the checkers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from properties.world import MS, World, owner_pid

if TYPE_CHECKING:
    from engine.subjects.contract import Contract
    from properties.world import Body
    from reports.schema import Op


def runs_though_aborted(world: World, key: str, _: Contract) -> bool:
    """At some time more of it had run than the calls of before can have asked for."""
    stray = [op for op, body in world.effects(key) if body is None]
    signs = [*(body.op for body in world.bodies(key)), *stray]
    if any(have_all_failed(called_by(world, key, sign.time)) for sign in signs):
        return True
    if repeats(world, key):
        return False
    rows = {body.row for body in world.bodies(key)} - {None}
    firsts = [world.starts(key, row)[0] for row in rows]
    return any(is_too_many(world, key, body, firsts) for body in firsts)


def called_by(world: World, key: str, time: int) -> list[tuple[Op, Op | None]]:
    """Ask for the calls that had been made by then, with the ends that they came to."""
    return [(call, end) for call, end in world.calls(key) if call.time <= time]


def have_all_failed(calls: list[tuple[Op, Op | None]]) -> bool:
    """There were some, and all failed."""
    return bool(calls) and all(end is not None and end.type == "fail" for _, end in calls)


def repeats(world: World, key: str) -> bool:
    """It makes rows itself."""
    created = [op for row in world.rows(key) for op in world.audit(key, row) if op.f == "created"]
    return any(call.value.get("repeat_seconds") for call, _ in world.calls(key)) or any(
        op.value.get("repeats") or op.value.get("slot_at") for op in created
    )


def is_too_many(world: World, key: str, body: Body, bodies: list[Body]) -> bool:
    """A call had failed when it started, and the others cannot have made so many rows."""
    has_one_failed = any(
        end is not None and end.type == "fail" for _, end in called_by(world, key, body.start)
    )
    makers = [end for call, end in world.may_make(key) if call.time <= body.start]
    made = [None if end is None else end.value.get("row") for end in makers]
    ran = {other.row for other in bodies if other.start <= body.start} - set(made)
    return has_one_failed and body.row in ran and len(ran) > made.count(None)


def is_torn_off(world: World, key: str, _: Contract) -> bool:
    """It never had a row, and another one of its batch has."""
    if world.final is None:
        return False
    return any(
        is_there(world, key, call) is False
        and ended_alike(world, call.value["batch"])
        and any(
            is_there(world, other, one)
            for other in world.keys
            for one, _ in world.calls(other)
            if one.value.get("batch") == call.value["batch"]
        )
        for call, _ in world.calls(key)
        if call.value.get("batch") is not None
    )


def ended_alike(world: World, batch: Any) -> bool:
    """All calls of a batch ended the same way."""
    ends = [
        end.type if end is not None else None
        for key in world.keys
        for call, end in world.calls(key)
        if call.value.get("batch") == batch
    ]
    return len(set(ends)) == 1


def is_there(world: World, key: str, call: Op) -> bool | None:
    """The task has a row; None if the row may be another call's."""
    end = next(end for one, end in world.calls(key) if one is call)
    if end is not None and end.type == "ok" and end.value.get("duplicate"):
        return None
    if any(other is not call for other, _ in world.may_make(key)):
        return None
    return bool(world.audit_of_task(key) or world.of(key, "row") or world.of(key, "attempt"))


def refused(world: World, key: str) -> list[tuple[Op, Op]]:
    """Ask for the calls that were told of a duplicate, with their answers."""
    return [
        (call, end)
        for call, end in world.calls(key)
        if end is not None and end.type == "ok" and end.value.get("duplicate")
    ]


def is_refused_for_nothing(world: World, key: str, _: Contract) -> bool:
    """Told of a row that was created after the answer, or of any though it had opted out."""
    for call, end in refused(world, key):
        row = end.value.get("row")
        audit = world.audit(key, row) if row is not None else []
        born = [op.time for op in audit if op.f == "created"][:1]
        if call.value.get("unique") is False or any(time - 50 * MS > end.time for time in born):
            return True
    return False


def is_refused_for_the_dead(world: World, key: str, _: Contract) -> bool:
    """Told of a row whose deletion everybody had seen."""
    for call, end in refused(world, key):
        row = end.value.get("row")
        audit = world.audit(key, row) if row is not None else []
        pids = [owner_pid(op) for op in audit if op.f == "claim"]
        pids += [body.pid for body in world.starts(key, row)] if row is not None else []
        for gone in [op.time for op in audit if op.f == "deleted"][:1]:
            slow = [t for pid in (None, *pids) for t in world.closes(pid, gone, gone + 1000 * MS)]
            if max([gone, *slow]) + 1000 * MS < call.time:
                return True
    return False


def is_corrupted(world: World, key: str, contract: Contract) -> bool:
    """A body got what nobody sent, or a finish stores what no body of its token returned."""
    for body in world.bodies(key):
        makers = world.may_make(key)
        own = [call for call, end in makers if end and body.row and end.value["row"] == body.row]
        sent = [call.value.get("digest") for call in own or [call for call, _ in makers]]
        got = body.op.value.get("digest")
        if got is not None and sent and None not in sent and got not in sent:
            return True
    return contract.keeps_results and any(
        has_other_result(world, key, row, op)
        for row in world.rows(key)
        for op in world.audit(key, row)
        if op.f == "finish" and "result" in op.value
    )


def has_other_result(world: World, key: str, row: Any, finish: Op) -> bool:
    """Bodies that may have made it returned results, and none of them is this."""
    returned = []
    for body in world.starts(key, row):
        if finish.token is not None and body.op.token not in (None, finish.token):
            continue
        later = [op for op in world.of(key, "attempt") if op.process == body.op.process]
        ends = [op for op in later if op.type in ("ok", "fail") and op.time >= body.start]
        returned += [json.loads(op.value["result"]) for op in ends[:1] if "result" in op.value]
    return bool(returned) and json.loads(finish.value["result"]) not in returned


def is_twinned(world: World, key: str, _: Contract) -> bool:
    """Created beside a live twin."""
    return any(has_live_twin(world, key, row) for row in world.rows(key))


def has_live_twin(world: World, key: str, row: Any) -> bool:
    """Another unique row of the hash was created before and deleted after, or never."""
    mine = life(world, key, row)
    if mine is None or not is_unique(world, key, row):
        return False
    for other_key in world.keys:
        for other in world.rows(other_key) - {row}:
            its = life(world, other_key, other)
            if its is None or its[0] != mine[0] or not is_unique(world, other_key, other):
                continue
            if any(
                born < mine[1][0] and not any(born < gone < mine[1][0] for gone in its[2])
                for born in its[1][:1]
            ):
                return True
    return False


def life(world: World, key: str, row: Any) -> tuple[Any, list[int], list[int]] | None:
    """Return a row's hash, and the places in the audit of its creations and deletions."""
    audit = world.audit(key, row)
    created = [op for op in audit if op.f == "created"]
    if not created or created[0].value.get("task_hash") is None:
        return None
    deleted = [op.value["sequence"] for op in audit if op.f == "deleted"]
    return created[0].value["task_hash"], [op.value["sequence"] for op in created], deleted


def is_unique(world: World, key: str, row: Any) -> bool:
    """Every call that may have made the row wanted it to be unique."""
    makers = world.may_make(key)
    own = [call for call, end in makers if end is not None and end.value.get("row") == row]
    unknown = [call for call, end in makers if end is None or end.value.get("row") is None]
    calls = own or unknown
    return bool(calls) and all(call.value.get("unique") is not False for call in calls)
