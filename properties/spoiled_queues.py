"""Ways to spoil the healthy run that concern workers, waiting, rhythms and the whole database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from properties.edits import SECOND_NS, after, changed, moved_by, swapped, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reports.schema import Op

OVERTAKEN: Final = "line-0"
STRAGGLER: Final = "straggler"


def delayed(ops: list[Op], keys: Iterable[str], by: float, words: Iterable[str] = ()) -> list[Op]:
    """Move all that is told of these tasks from their claims on, or some words of it."""
    held = {*keys}
    later = {*words} or {"claim", "attempt", "effect", "finish", "deleted"}
    moved: dict[int, Op | None] = {
        id(op): _moved(op, by) for op in ops if op.task in held and op.f in later
    }
    return _in_order(swapped(ops, moved))


def _moved(op: Op, by: float) -> Op:
    if op.process == "audit":
        return moved_by(op, by)
    return changed(op, time=op.time + round(by * SECOND_NS))


def _in_order(ops: list[Op]) -> list[Op]:
    """Let the audit's sequence follow its times again."""
    audit = sorted((op for op in ops if op.process == "audit"), key=_place)
    placed: dict[int, Op | None] = {
        id(op): changed(op, {"sequence": number}) for number, op in enumerate(audit)
    }
    return swapped(ops, placed)


def _place(op: Op) -> tuple[int, int]:
    return op.time, op.value["sequence"]


def renew_after_the_next_claim(ops: list[Op], _: Any) -> list[Op]:
    """Who was held up renews a lease under the token that another claim replaced."""
    (second,) = told(ops, "claim", task="model", token=2)
    return after(ops, changed(second, token=1), "heartbeat")


def lengthen_lease(ops: list[Op], _: Any) -> list[Op]:
    """A claim is given six seconds where five are promised."""
    (claim,) = told(ops, "claim", task=STRAGGLER)
    until = {"lease_until": claim.value["lease_until"] + 1.0}
    return swapped(ops, {id(claim): changed(claim, until)})


def take_one_process_too_many(ops: list[Op], _: Any) -> list[Op]:
    """The poison task killed two processes, and was allowed one attempt."""
    (created,) = told(ops, "created", task="poison")
    return swapped(ops, {id(created): changed(created, {"max_attempts": 1})})


def give_up_early(ops: list[Op], _: Any) -> list[Op]:
    """The poison task was given up after two of five attempts."""
    (created,) = told(ops, "created", task="poison")
    return swapped(ops, {id(created): changed(created, {"max_attempts": 5})})


def retry_at_once(ops: list[Op], _: Any) -> list[Op]:
    """The attempt that raised is due again in the moment in which its row is released."""
    (release,) = told(ops, "release", task="retried")
    due = {"run_at": release.database_time}
    return swapped(ops, {id(release): changed(release, due)})


def claim_after_the_stop(ops: list[Op], _: Any) -> list[Op]:
    """A worker that was told to stop a minute before claims as if nothing had been said."""
    stops = [op for op in told(ops, "stop") if op.value["pid"] == 950]
    (claim,) = told(ops, "claim", task=STRAGGLER)
    early = claim.time - 60 * SECOND_NS
    return swapped(ops, {id(op): changed(op, time=early) for op in stops})


def leave_straggler(ops: list[Op], by: float) -> list[Op]:
    """Let the straggler have been there, and due, so many seconds before it was claimed."""
    (created,) = told(ops, "created", task=STRAGGLER)
    early = delayed(ops, [STRAGGLER], -by, ["created", "enqueue"])
    (moved,) = told(early, "created", task=STRAGGLER)
    due = {"run_at": created.value["run_at"] - by}
    return swapped(early, {id(moved): changed(moved, due)})


def ignore_a_due_row(ops: list[Op], _: Any) -> list[Op]:
    """A row waits for eight seconds while its worker has nothing to do."""
    return leave_straggler(ops, by=8.0)


def stand_still(ops: list[Op], _: Any) -> list[Op]:
    """After the last heal nothing moves for half a minute."""
    return leave_straggler(ops, by=35.0)


def hear_no_more(ops: list[Op], _: Any) -> list[Op]:
    """Since the fault every run of the rhythm is picked up two and a half seconds late."""
    heal = max(op.time for op in told(ops, "heal"))
    late = {id(op): _moved(op, 2.5) for op in ops if op.task == "tick" and op.time > heal}
    return _in_order(swapped(ops, dict(late)))


def pass_over_a_row(ops: list[Op], _: Any) -> list[Op]:
    """The second row of the queue is claimed four seconds after its turn."""
    return delayed(ops, ["line-1"], 4.0)


def pass_over_an_urgent_row(ops: list[Op], _: Any) -> list[Op]:
    """The same, and it was the most urgent one."""
    late = pass_over_a_row(ops, None)
    (created,) = told(late, "created", task="line-1")
    return swapped(late, {id(created): changed(created, {"priority": 9})})


def starve_a_row(ops: list[Op], _: Any) -> list[Op]:
    """The first row of the queue is claimed when more than a hundred others have been."""
    return delayed(ops, [OVERTAKEN], 12.0)


def fire_twice(ops: list[Op], _: Any) -> list[Op]:
    """A row is made for the slot that had one."""
    first, second = told(ops, "created", task="tick")[1:3]
    slot = {"slot_at": first.value["slot_at"]}
    return swapped(ops, {id(second): changed(second, slot)})


def end_the_rhythm(ops: list[Op], _: Any) -> list[Op]:
    """The rhythm was to go on, and no row is made for its next slot."""
    rows = told(ops, "created", task="tick")
    return swapped(ops, {id(op): changed(op, {"repeat_until": None}) for op in rows})


def count_a_row_too_many(ops: list[Op], _: Any) -> list[Op]:
    """One snapshot has a live row that never came."""
    (census,) = told(ops, "census")
    return swapped(ops, {id(census): changed(census, {"live": census.value["live"] + 1})})


def leave_a_transaction_open(ops: list[Op], _: Any) -> list[Op]:
    """A session of a worker that ended is in a transaction."""
    (look,) = told(ops, "sessions")
    held = [{**one, "state": "idle in transaction"} for one in look.value["open"]]
    return swapped(ops, {id(look): changed(look, {"open": held})})


def lose_a_line(ops: list[Op], _: Any) -> list[Op]:
    """One op of the audit is missing, and the final read says how many there were."""
    beat = told(ops, "heartbeat", task="long")[0]
    return swapped(ops, {id(beat): None})


def give_up_draining(ops: list[Op], _: Any) -> list[Op]:
    """The run ended at its deadline, and nothing else is wrong with it."""
    (final,) = told(ops, "final-read")
    return swapped(ops, {id(final): changed(final, {"drained": False})})


def have_no_effects(ops: list[Op], _: Any) -> list[Op]:
    """No body ever did what it was for, and every producer was cut off."""
    return [op for op in ops if op.f != "effect" and not (op.f == "enqueue" and op.type == "ok")]


BY_ANOMALY: Final[dict[str, list[Callable[[list[Op], Any], list[Op]]]]] = {
    "zombie-heartbeat": [renew_after_the_next_claim],
    "overlong-lease": [lengthen_lease],
    "containment": [take_one_process_too_many],
    "early-dead-letter": [give_up_early],
    "backoff-violation": [retry_at_once],
    "claim-after-stop": [claim_after_the_stop],
    "late": [ignore_a_due_row],
    "slow-recovery": [stand_still],
    "lost-wakeup": [hear_no_more],
    "order-inversion": [pass_over_a_row],
    "priority-inversion": [pass_over_an_urgent_row],
    "starvation": [starve_a_row],
    "double-fire": [fire_twice],
    "missed-fire": [end_the_rhythm],
    "conservation": [count_a_row_too_many],
    "leak": [leave_a_transaction_open],
    "stats": [lose_a_line, give_up_draining, have_no_effects],
}
