"""The definition of ``unnoticed-death``, once more: slow, obvious, without the checker's code."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from properties.world import ENDED, MS, TICK, World, index_of, owner_pid

if TYPE_CHECKING:
    from engine.subjects.contract import Contract
    from properties.world import Body
    from reports.schema import Op


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lease:
    """The only lease that a body can have run under, in the seconds of the database."""

    claim: Op
    began: float
    seconds: float
    until: float
    ended: float | None
    beats: list[Op]


def is_left_to_its_lease(world: World, key: str, _: Contract) -> bool:
    """Killed under a claim of another process, which lived, and let it run out or renewed it."""
    for body in world.bodies(key):
        lease = only_lease(world, key, body) if body.outcome == "killed" else None
        if lease is None or owner_pid(lease.claim) in (None, body.pid):
            continue
        if runs_out(world, body, lease) or is_renewed_for(world, body, lease):
            return True
    return False


def only_lease(world: World, key: str, body: Body) -> Lease | None:
    """Ask for the lease of a body, if only one is possible and it has an end."""
    claims = world.claims(key, body)
    if len(claims) != 1:
        return None
    row, claim, _ = claims[0]
    audit = world.audit(key, row)
    after = audit[index_of(audit, claim) + 1 :]
    beats = [op for op in after if op.f == "heartbeat" and op.token == claim.token]
    ends = [op for op in after if op.f == "deleted" or (op.f in ENDED and op.token == claim.token)]
    first, last = (op.value.get("lease_until") for op in (claim, [claim, *beats][-1]))
    if first is None or last is None:
        return None
    began = claim.database_time or 0.0
    return Lease(
        claim=claim,
        began=began,
        seconds=first - began,
        until=last,
        ended=ends[0].database_time if ends else None,
        beats=[op for op in beats if not ends or index_of(after, op) < index_of(after, ends[0])],
    )


def runs_out(world: World, body: Body, lease: Lease) -> bool:
    """Half of it was left at the death, nothing else ended it, and its holder saw its end."""
    over = lease.claim.time + (lease.until - lease.began) * 1e9
    return (
        over - body.end >= lease.seconds * 1e9 / 2
        and (lease.ended is None or lease.ended >= lease.until - TICK)
        and over + 50 * MS <= max(op.time for op in world.ops)
        and not may_be_dead(world, lease.claim, over + 50 * MS)
        and not world.closes(owner_pid(lease.claim), body.end, over)
    )


def is_renewed_for(world: World, body: Body, lease: Lease) -> bool:
    """Its holder lived, and renewed it a whole lease after the death, or twice and for ever."""
    wrong = []
    for place, op in enumerate(lease.beats):
        closes = world.closes(owner_pid(lease.claim), body.end, op.time)
        free = max([body.end, *closes]) + 50 * MS
        late = [beat for beat in lease.beats[: place + 1] if beat.time > free]
        is_endless = world.final is not None and lease.ended is None
        if op.time > free + lease.seconds * 1e9 or (is_endless and op in late and len(late) > 1):
            wrong.append(op)
    return any(not may_be_dead(world, lease.claim, op.time) for op in wrong)


def may_be_dead(world: World, claim: Op, by: float) -> bool:
    """The claim's owner may have died between the claim and then."""
    death = world.death(owner_pid(claim))
    return death is not None and death[0] <= by and death[1] >= claim.time - 50 * MS
