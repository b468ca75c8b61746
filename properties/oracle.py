"""The definitions of the anomalies, once more: slow, obvious, and without the checkers' code.

One question per anomaly: does this task have it? Each is answered by looking at all ops again.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final

from properties.killed_for_nothing import is_killed_for_nothing
from properties.left_to_lease import is_left_to_its_lease
from properties.requests import (
    is_corrupted,
    is_refused_for_nothing,
    is_refused_for_the_dead,
    is_torn_off,
    is_twinned,
    runs_though_aborted,
)
from properties.transitions import is_ended_twice, is_in_limbo, leaves_the_graph
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
        and not (world.finals(key, row) and is_silent(world, key) and not was_cut(world, key, row))
        for row in world.acknowledged(key)
        for effects in [world.effects(key)]
    )


def is_silent(world: World, key: str) -> bool:
    """Of a user's own kind, and no task of that kind had an effect."""
    kinds = {call.value.get("kind") for call, _ in world.calls(key)}
    return any("." in str(kind) and has_no_effect(world, kind) for kind in kinds)


def was_cut(world: World, key: str, row: Any) -> bool:
    """Bodies of it were heard to begin, and none to return."""
    bodies = [body for body in world.bodies(key) if row is None or body.row in (None, row)]
    return bool(bodies) and all(body.outcome != "ok" for body in bodies)


def has_no_effect(world: World, kind: Any) -> bool:
    """No task of this kind had an effect."""
    return not any(
        world.of(key, "effect") and call.value.get("kind") == kind
        for key in world.keys
        for call, _ in world.calls(key)
    )


def has_vanished(world: World, key: str, _: Contract) -> bool:
    """Acknowledged, and neither there nor ended."""
    return world.final is not None and any(
        not world.finals(key, row) and not world.has_word(key, row, "finish", "dead-letter")
        for row in world.acknowledged(key)
    )


def is_unexpected(world: World, key: str, _: Contract) -> bool:
    """It ran, and nobody had called for it by then."""
    signs = [*world.of(key, "attempt"), *world.of(key, "effect")]
    return any(all(call.time > sign.time for call, _ in world.calls(key)) for sign in signs)


def has_extra_effect(world: World, key: str, contract: Contract) -> bool:
    """More effects than rows and justified repetitions."""
    once = contract.delivery != "at-least-once"
    effects = sorted(world.effects(key), key=lambda one: one[1].start if one[1] else one[0].time)
    bodies = [body for _, body in effects if body is not None]
    if any([other.op for other in bodies].count(one.op) > 1 for one in bodies):
        return True
    rows = {body.row if body else None for _, body in effects}
    allowed = max(1, len(world.may_make(key)))
    if len(rows) > allowed:
        return True
    for row in rows - {None}:
        own = [body for body in bodies if body.row == row]
        pairs = world.followed(key, own)
        if once and len(own) > 1:
            return True
        if any(not may_repeat(world, key, contract, a, b.start) for a, b in pairs):
            return True
    unknown = [effect for effect in effects if effect[1] is None or effect[1].row is None]
    repeated = [
        a
        for index, a in enumerate(unknown)
        if not once and any(justifies(world, key, contract, a, b) for b in unknown[index + 1 :])
    ]
    return len(unknown) - len(repeated) > allowed - len(rows - {None})


def justifies(
    world: World,
    key: str,
    contract: Contract,
    earlier: tuple[Op, Body | None],
    later: tuple[Op, Body | None],
) -> bool:
    """The earlier one's body may be repeated, or its process may have failed."""
    (op, body), (later_op, later_body) = earlier, later
    until = later_body.start if later_body else later_op.time
    if body is not None:
        return may_repeat(world, key, contract, body, until)
    return world.may_fail(int(op.process.removeprefix("body-")), op.time, until)


def may_repeat(world: World, key: str, contract: Contract, body: Body, until: float) -> bool:
    """It raised, timed out, or its process or the holder of its claim may have failed."""
    return (
        (body.outcome == "fail" and body.end <= until)
        or world.may_lack_process(key, body, until)
        or world.may_time_out(key, body, contract.timeout_seconds, until)
    )


def is_started_again(world: World, key: str, contract: Contract) -> bool:
    """Started, and before that too, and nothing in between that ended the earlier start."""
    return any(
        not may_repeat(world, key, contract, body, later.start)
        and not was_held_up(world, key, body, later)
        for row in world.rows(key)
        for body, later in world.followed(key, world.starts(key, row))
    )


def overlaps(world: World, key: str, contract: Contract) -> bool:
    """Two bodies of a row ran at once, and nothing excuses it where one body is promised."""
    for row in world.rows(key):
        for body, later in itertools.combinations(world.starts(key, row), 2):
            death = world.death(body.pid)
            may_be_gone = death and death[0] <= later.start and death[1] >= body.start
            is_excused = contract.delivery == "effectively-once" and (
                may_repeat(world, key, contract, body, later.start)
                or was_held_up(world, key, body, later)
                or world.is_overtaken(key, later, body.start)
            )
            if body.end > later.start and not may_be_gone and not is_excused:
                return True
    return False


def is_started_twice(world: World, key: str, _: Contract) -> bool:
    """More than one start of a row."""
    return any(len(world.starts(key, row)) > 1 for row in world.rows(key))


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
    """A finish or dead-letter of a claim that was over, or a finish of no body that returned."""
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
            if end.f == "finish" and has_not_returned(world, key, row, end):
                return True
    return False


def has_not_returned(world: World, key: str, row: Any, end: Op) -> bool:
    """Bodies of the row are told their tokens, and none of this one had returned."""
    told = [body for body in world.starts(key, row) if body.op.token is not None]
    own = [body for body in told if body.op.token == end.token]
    by = end.time + 50 * MS
    returned = [body for body in own if body.outcome == "ok" and body.end <= by]
    return end.token is not None and bool(told) and not returned


def is_stuck(world: World, key: str, contract: Contract) -> bool:
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
        if not is_held_up_at_the_end(world, key, contract, op)
    )


def is_held_up_at_the_end(world: World, key: str, contract: Contract, live: Op) -> bool:
    """The database, or who claimed or ran the row last, was held up in the recovery time."""
    pids: list[int | None] = [None]
    if live.value["state"] == "claimed" and live.value["row"] in world.rows(key):
        claims = [op for op in world.audit(key, live.value["row"]) if op.f == "claim"]
        pids += [owner_pid(op) for op in claims[-1:]]
        pids += [body.pid for body in world.starts(key, live.value["row"])[-1:]]
    since = live.time - contract.recovery_seconds * 1e9
    return any(world.closes(pid, since, live.time) for pid in pids)


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
        if any(
            numbers[place + 1] <= numbers[place]
            and not world.is_overtaken(key, numbered[place + 1], numbered[place].start)
            for place in range(len(numbers) - 1)
        ):
            return True
    return False


def is_premature(world: World, key: str, _: Contract) -> bool:
    """Claimed before the earlier of the two due times that were told.

    No history here tells a delay or a time of day, so no creation can be too early.
    """
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
    "dedupe-violation": is_twinned,
    "overlap": overlaps,
    "at-most-once-redelivery": is_started_twice,
    "aborted-enqueue-executed": runs_though_aborted,
    "torn-batch": is_torn_off,
    "false-dedupe": is_refused_for_nothing,
    "stale-key": is_refused_for_the_dead,
    "corruption": is_corrupted,
    "double-finish": is_ended_twice,
    "illegal-transition": leaves_the_graph,
    "limbo": is_in_limbo,
    "unprovoked-death": is_killed_for_nothing,
}


def judge(ops: list[Op], contract: Contract) -> set[tuple[str, str | None]]:
    """Return every anomaly of every task that the contract excludes."""
    world = World(ops)
    not_promised = {
        "double-claim": not contract.leases,
        "unnoticed-death": not contract.leases,
        "uncounted-attempt": not contract.counts_attempts,
        "dedupe-violation": not contract.deduplicates,
        "false-dedupe": not contract.deduplicates,
        "stale-key": not contract.deduplicates,
        "limbo": not contract.leases,
        "overlap": contract.delivery == "at-least-once",
        "at-most-once-redelivery": contract.delivery != "at-most-once",
    }
    return {
        (name, key)
        for name, rule in RULES.items()
        for key in world.keys
        if not not_promised.get(name, False) and rule(world, key, contract)
    }
