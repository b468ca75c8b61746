"""The definitions of the anomalies, once more: slow, obvious, and without the checkers' code.

One question per anomaly: does this task have it? Each is answered by looking at all ops again.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final

from properties.left_to_lease import is_left_to_its_lease
from properties.world import ENDED, MS, TICK, World, index_of, owner_pid

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.subjects.contract import Contract
    from properties.world import Body
    from reports.schema import Op


def is_lost(world: World, key: str, _: Contract) -> bool:
    """Acknowledged, and no effect, no dead-letter, no row but a completed one."""
    return world.final is not None and any(
        not any(row is None or body is None or body.row in (None, row) for _, body in effects)
        and not world.has_word(key, row, "dead-letter")
        and all(op.value["state"] == "completed" for op in world.finals(key, row))
        for row in world.acknowledged(key)
        for effects in [world.effects(key)]
    )


def has_vanished(world: World, key: str, _: Contract) -> bool:
    """Acknowledged, and neither there nor ended."""
    return world.final is not None and any(
        not world.finals(key, row) and not world.has_word(key, row, "finish", "dead-letter")
        for row in world.acknowledged(key)
    )


def is_unexpected(world: World, key: str, _: Contract) -> bool:
    """It ran, and every enqueue of it failed, if there was any."""
    ran = world.of(key, "attempt") or world.of(key, "effect")
    ends = [end for _, end in world.calls(key)]
    return bool(ran) and all(end is not None and end.type == "fail" for end in ends)


def has_extra_effect(world: World, key: str, contract: Contract) -> bool:
    """More effects than rows and justified repetitions."""
    once = contract.delivery == "effectively-once"
    effects = world.effects(key)
    bodies = [body.op for _, body in effects if body is not None]
    if any(bodies.count(one) > 1 for one in bodies):
        return True
    rows = {body.row if body else None for _, body in effects}
    allowed = max(1, len(world.may_make(key)))
    if len(rows) > allowed:
        return True
    for row in rows - {None}:
        own = [effect for effect in effects if effect[1] and effect[1].row == row]
        if any(once or not justifies(world, key, a, b) for a, b in itertools.pairwise(own)):
            return True
    unknown = [effect for effect in effects if effect[1] is None or effect[1].row is None]
    repeated = [
        a
        for index, a in enumerate(unknown)
        if not once and any(justifies(world, key, a, b) for b in unknown[index + 1 :])
    ]
    return len(unknown) - len(repeated) > allowed - len(rows - {None})


def justifies(
    world: World, key: str, earlier: tuple[Op, Body | None], later: tuple[Op, Body | None]
) -> bool:
    """The earlier one's body raised, or its process or the holder of its claim may have died."""
    (op, body), (later_op, later_body) = earlier, later
    until = later_body.start if later_body else later_op.time
    if body is not None:
        has_raised = body.outcome == "fail" and body.end <= until
        return has_raised or world.may_lack_process(key, body, until)
    death = world.death(int(op.process.removeprefix("body-")))
    return death is not None and death[0] <= until and death[1] >= op.time


def is_started_again(world: World, key: str, _: Contract) -> bool:
    """Started, and before that too, and nothing in between that ended the earlier start."""
    for row in world.rows(key):
        for body, later in itertools.pairwise(world.starts(key, row)):
            has_raised = body.outcome == "fail" and body.end <= later.start
            if not (
                has_raised
                or world.may_lack_process(key, body, later.start)
                or was_held_up(world, key, body, later)
            ):
                return True
    return False


def was_held_up(world: World, key: str, body: Body, later: Body) -> bool:
    """A lease of it was renewed, and ran out before the later start and before any other end."""
    for row, claim, since in world.claims(key, body):
        audit = world.audit(key, row)
        after = audit[index_of(audit, claim) + 1 :]
        beats = [op for op in after if op.f == "heartbeat" and op.token == claim.token]
        if not beats or beats[-1].value.get("lease_until") is None:
            continue
        until = beats[-1].value["lease_until"]
        ends = [
            op for op in after if op.f == "deleted" or (op.f in ENDED and op.token == claim.token)
        ]
        if ends and (ends[0].database_time or 0.0) < until - TICK:
            continue
        ran_out = claim.time + (until - (claim.database_time or 0.0)) * 1000 * MS
        if since - 50 * MS <= ran_out <= later.start + 50 * MS:
            return True
    return False


def is_claimed_twice(world: World, key: str, _: Contract) -> bool:
    """Two claims of one row with one token, or with leases that overlap."""
    for row in world.rows(key):
        audit = world.audit(key, row)
        claims = [op for op in audit if op.f == "claim"]
        for former, claim in itertools.combinations(claims, 2):
            if former.token is not None and former.token == claim.token:
                return True
            own = [op for op in audit[index_of(audit, former) + 1 :] if op.token == former.token]
            untils = [op.value.get("lease_until") for op in [former, *own] if op.f in LEASED]
            deleted = [op for op in audit[index_of(audit, former) + 1 :] if op.f == "deleted"]
            ends = [op for op in own if op.f in ENDED] + deleted
            end = min(ends, key=lambda op: int(op.value["sequence"]), default=None)
            if end is not None and index_of(audit, end) < index_of(audit, claim):
                continue
            over = math.inf if untils[-1] is None else untils[-1]
            if end is not None:
                over = min(over, end.database_time or math.inf)
            if (claim.database_time or 0.0) < over - TICK:
                return True
    return False


LEASED: Final = ("claim", "heartbeat")


def has_zombie(world: World, key: str, _: Contract) -> bool:
    """A finish or dead-letter of a claim that was over, or whose body still ran."""
    for row in world.rows(key):
        audit = world.audit(key, row)
        for place, end in enumerate(audit):
            before = audit[:place]
            claims = [op for op in before if op.f == "claim"]
            if end.f not in ("finish", "dead-letter") or not claims:
                continue
            since = before[index_of(before, claims[-1]) + 1 :]
            over = any(op.f in ENDED for op in since)
            tokens = (end.token, claims[-1].token)
            if None not in tokens and tokens[0] != tokens[1]:
                return True
            if over and (end.token is not None or end.f == "finish"):
                return True
            if end.f == "finish" and runs_on(world, key, row, end):
                return True
    return False


def runs_on(world: World, key: str, row: Any, end: Op) -> bool:
    """No body of the token had returned, and one cannot have been over yet."""
    own = [b for b in world.starts(key, row) if b.op.token is not None and b.op.token == end.token]
    by = end.time + 50 * MS
    returned = [body for body in own if body.outcome == "ok" and body.end <= by]
    return not returned and any(body.gone > by for body in own)


def is_stuck(world: World, key: str, _: Contract) -> bool:
    """Acknowledged, live and due at the end, and nobody at work on it."""
    final = world.final
    if final is None:
        return False
    now = final.database_time or 0.0
    live = [
        op
        for row in world.acknowledged(key)
        for op in world.finals(key, row)
        if op.value["state"] in ("waiting", "claimed") and op.value["run_at"] <= now
    ]
    return any(
        op.value["state"] == "waiting"
        or not final.value["drained"]
        or (op.value["lease_until"] is not None and op.value["lease_until"] <= now)
        or holder_is_dead(world, key, op, final.time)
        for op in live
    )


def holder_is_dead(world: World, key: str, live: Op, time: int) -> bool:
    """The last owner was seen dead, or, without a lease, the process that ran the row last."""
    row = live.value["row"]
    if row not in world.rows(key):
        return False
    claims = [op for op in world.audit(key, row) if op.f == "claim"]
    pids = [owner_pid(claims[-1])] if claims else []
    starts = world.starts(key, row)
    if starts and live.value["lease_until"] is None:
        pids.append(starts[-1].pid)
    deaths = [world.death(pid) for pid in pids]
    return any(death is not None and death[1] <= time for death in deaths)


def is_overrun(world: World, key: str, contract: Contract) -> bool:
    """More starts than the row's maximum, or else the contract's."""
    for row in world.rows(key):
        created = [op for op in world.audit(key, row) if op.f == "created"]
        own = created[0].value.get("max_attempts") if created else None
        if len(world.starts(key, row)) > (contract.max_attempts if own is None else own):
            return True
    return False


def is_uncounted(world: World, key: str, _: Contract) -> bool:
    """Fewer attempts recorded than started, or numbers that do not grow."""
    for row in world.rows(key):
        starts = world.starts(key, row)
        audit = world.audit(key, row)
        claims = [op for op in audit if op.f == "claim"]
        ends = [op for op in audit if op.f in ENDED][-1:]
        others = [*world.loose(key), *world.finals(key, row)]
        all_told = [op.value.get("attempts") for op in [*claims, *ends, *others]]
        all_told += [op.attempt for op in claims]
        told = [int(number) for number in all_told if number is not None]
        counted = len(starts) - (bool(starts) and starts[-1].outcome == "open")
        if told and max(told) < counted:
            return True
        numbered = [body for body in starts if body.op.attempt is not None]
        numbered.sort(key=lambda body: (body.start, body.op.attempt or 0))
        numbers = [body.op.attempt or 0 for body in numbered]
        if any(b <= a for a, b in itertools.pairwise(numbers)):
            return True
    return False


def is_premature(world: World, key: str, _: Contract) -> bool:
    """Claimed before the earlier of the two due times that were told."""
    for row in world.rows(key):
        audit = world.audit(key, row)
        for place, claim in enumerate(audit):
            if claim.f != "claim":
                continue
            set_by = [op for op in audit[:place] if op.f in ("created", "release")]
            times = [op.value.get("run_at") for op in set_by]
            times = [time for time in times if time is not None][-1:]
            times += [time for time in [claim.value.get("run_at")] if time is not None]
            if times and min(times) - (claim.database_time or 0.0) > TICK:
                return True
    return False


def is_refused_or_twinned(world: World, key: str, _: Contract) -> bool:
    """Created beside a live twin, or taken for a duplicate of a row that was not live."""
    return any(has_live_twin(world, key, row) for row in world.rows(key)) or any(
        end is not None
        and end.type == "ok"
        and bool(end.value.get("duplicate"))
        and end.value.get("row") is not None
        and not may_live(world, key, call, end)
        for call, end in world.calls(key)
    )


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


def may_live(world: World, key: str, call: Op, end: Op) -> bool:
    """The row's life, as far as the clocks can tell, touches the call."""
    audit = world.audit(key, end.value["row"])
    born = [op.time for op in audit if op.f == "created"][:1]
    gone = [op.time for op in audit if op.f == "deleted"][:1]
    return all(time - 50 * MS <= end.time for time in born) and all(
        time + 1000 * MS >= call.time for time in gone
    )


RULES: Final[dict[str, Callable[[World, str, Contract], bool]]] = {
    "lost": is_lost,
    "vanished": has_vanished,
    "unexpected": is_unexpected,
    "duplicated-effect": has_extra_effect,
    "unjustified-redelivery": is_started_again,
    "double-claim": is_claimed_twice,
    "zombie-finish": has_zombie,
    "stuck": is_stuck,
    "unnoticed-death": is_left_to_its_lease,
    "attempt-overrun": is_overrun,
    "uncounted-attempt": is_uncounted,
    "premature": is_premature,
    "dedupe-violation": is_refused_or_twinned,
}


def judge(ops: list[Op], contract: Contract) -> set[tuple[str, str | None]]:
    """Return every anomaly of every task that the contract excludes."""
    world = World(ops)
    not_promised = {
        "double-claim": not contract.leases,
        "unnoticed-death": not contract.leases,
        "uncounted-attempt": not contract.counts_attempts,
        "dedupe-violation": not contract.deduplicates,
    }
    return {
        (name, key)
        for name, rule in RULES.items()
        for key in world.keys
        if not not_promised.get(name, False) and rule(world, key, contract)
    }
