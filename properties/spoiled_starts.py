"""Ways to spoil the reasons for which a task was started again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from properties.edits import (
    SECOND_NS,
    changed,
    swapped,
    told,
)

if TYPE_CHECKING:
    from reports.schema import Op


def live_on(ops: list[Op], at: float) -> list[Op]:
    """Let the model's first attempt live, return at this second, and have no effect."""
    (start,) = told(ops, "attempt", "invoke", process="body-1")
    (effect,) = told(ops, "effect", process="body-1")
    alive = swapped(resurrect_victim(ops, None), {id(effect): None})
    return [*alive, changed(start, type="ok", time=start.time + round((at - 1.1) * SECOND_NS))]


def return_unheard(ops: list[Op], _: Any) -> list[Op]:
    """The attempt before a restart had returned."""
    return live_on(ops, 1.3)


def outlive_lease(ops: list[Op], _: Any) -> list[Op]:
    """The lease of an attempt that ran on was never renewed, and ran out before the restart."""
    (claim,) = told(ops, "claim", task="model", token=1)
    (release,) = told(ops, "release", task="model", token=1)
    until = {"lease_until": release.database_time}
    return live_on(swapped(ops, {id(claim): changed(claim, until)}), 3.2)


def hold_up_worker(ops: list[Op], _: Any) -> list[Op]:
    """The same, but it had been renewed once."""
    late = outlive_lease(ops, None)
    (claim,) = told(late, "claim", task="model", token=1)
    place = claim.value["sequence"]
    moved: dict[int, Op | None] = {
        id(op): changed(op, {"sequence": op.value["sequence"] + 1})
        for op in late
        if op.process == "audit" and op.value["sequence"] > place
    }
    beat = changed(claim, {"sequence": place + 1}, f="heartbeat", time=claim.time + 1)
    return [*swapped(late, moved), beat]


def start_twice(ops: list[Op], _: Any) -> list[Op]:
    """Nothing is changed: the model task was killed and started again."""
    return ops


def strike(ops: list[Op], at: float, disturbs: str, *pids: int) -> list[Op]:
    """Let a fault last for a tenth of a second, so long after the model's first start."""
    (start,) = told(ops, "attempt", "invoke", process="body-1")
    time = start.time + round(at * SECOND_NS)
    begun = changed(
        start, process="fault-x", f="outage", time=time, task=None, token=None, attempt=None
    )
    begun = dataclasses.replace(begun, value={"disturbs": disturbs})
    landed = dataclasses.replace(begun, type="ok", time=time + 1, value={"pids": list(pids)})
    healed = dataclasses.replace(begun, type="ok", f="heal", time=time + SECOND_NS // 10, value={})
    return [*ops, begun, landed, healed]


def pause_worker(ops: list[Op], _: Any) -> list[Op]:
    """The worker whose lease ran out was paused meanwhile."""
    return strike(outlive_lease(ops, None), 0.1, "processes", 901)


def pause_body(ops: list[Op], _: Any) -> list[Op]:
    """The body was."""
    return strike(outlive_lease(ops, None), 0.1, "processes", 1)


def pause_database(ops: list[Op], _: Any) -> list[Op]:
    """The database was."""
    return strike(outlive_lease(ops, None), 0.1, "database")


def pause_another(ops: list[Op], _: Any) -> list[Op]:
    """Another worker was."""
    return strike(outlive_lease(ops, None), 0.1, "processes", 902)


def pause_too_late(ops: list[Op], _: Any) -> list[Op]:
    """It was paused, but only after the restart."""
    return strike(outlive_lease(ops, None), 2.5, "database")


def disturb_nothing(ops: list[Op], _: Any) -> list[Op]:
    """A fault struck it that disturbs nothing, such as a skewed clock."""
    return strike(outlive_lease(ops, None), 0.1, "nothing", 1, 901)


def overlap_bodies(ops: list[Op], _: Any) -> list[Op]:
    """An attempt that ran on is joined by the next one where that is forbidden."""
    return outlive_lease(ops, None)


def resurrect_victim(ops: list[Op], _: Any) -> list[Op]:
    """The process whose death justified another effect never died."""
    return [op for op in ops if not (op.f == "kill" and op.value.get("pid") == 1)]


def let_it_die_later(ops: list[Op], _: Any) -> list[Op]:
    """The process whose death justified another effect died after that effect's attempt began."""
    kills = [op for op in ops if op.f == "kill" and op.value.get("pid") == 1]
    return swapped(ops, {id(op): changed(op, time=op.time + 3 * SECOND_NS) for op in kills})


def die_for_nothing(ops: list[Op], _: Any) -> list[Op]:
    """The model's first attempt dies as before, and no fault says that it killed it."""
    kills = [op for op in ops if op.f == "kill" and op.value.get("pid") == 1]
    death = changed(kills[-1], process="harness", f="death", type="ok")
    return [*resurrect_victim(ops, None), death]
