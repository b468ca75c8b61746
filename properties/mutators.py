"""Ways to spoil a legal history, each with the anomaly that it must cause.

A mutator gets the ops and a function that picks one of several things to spoil. The histories must
be outspoken ones: their model task can be spoiled in every way.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reports.schema import Op

SECOND_NS: Final = 10**9


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mutator:
    """A way to spoil a history; ``anomaly`` is None if the history stays legal.

    Attributes:
        consequences: the further anomalies that may follow from its own.
    """

    name: str
    anomaly: str | None
    mutate: Callable[[list[Op], Any], list[Op]]
    consequences: frozenset[str]

    @property
    def anomalies(self) -> set[str]:
        """All that it may cause."""
        return {*self.consequences} | ({self.anomaly} if self.anomaly else set())


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


def drop_effects(ops: list[Op], pick: Any) -> list[Op]:
    """A task that finished never had its effect."""
    key = pick(single_rows(ops))
    return [op for op in ops if not (op.f == "effect" and op.task == key)]


def drop_finish(ops: list[Op], pick: Any) -> list[Op]:
    """A row goes away, and nothing says how it ended."""
    key = pick(single_rows(ops))
    return [op for op in ops if not (op.f in {"finish", "row"} and op.task == key)]


def drop_enqueues(ops: list[Op], pick: Any) -> list[Op]:
    """Nobody ever enqueued a task that ran."""
    key = pick(sorted({op.task or "" for op in told(ops, "attempt", "invoke")}))
    return [op for op in ops if not (op.f == "enqueue" and op.task == key)]


def fail_enqueues(ops: list[Op], pick: Any) -> list[Op]:
    """Every enqueue of a task that ran failed for certain."""
    key = pick(sorted({op.task or "" for op in told(ops, "attempt", "invoke")}))
    calls = told(ops, "enqueue", "invoke", task=key)
    others = [op for op in ops if not (op.f == "enqueue" and op.task == key)]
    failures = [changed(op, time=op.time + 1, type="fail", error="DataError: no") for op in calls]
    return [*others, *calls, *failures]


def repeat_effect(ops: list[Op], pick: Any) -> list[Op]:
    """One attempt has its effect twice."""
    effect = pick(told(ops, "effect"))
    return [*ops, changed(effect, time=effect.time + 1)]


def resurrect_victim(ops: list[Op], _: Any) -> list[Op]:
    """The process whose death justified another effect never died."""
    return [op for op in ops if not (op.f == "kill" and op.value.get("pid") == 1)]


def let_it_die_later(ops: list[Op], _: Any) -> list[Op]:
    """The process whose death justified another effect died after that effect's attempt began."""
    kills = [op for op in ops if op.f == "kill" and op.value.get("pid") == 1]
    return swapped(ops, {id(op): changed(op, time=op.time + 3 * SECOND_NS) for op in kills})


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


def forget_the_dead(ops: list[Op], _: Any) -> list[Op]:
    """Only its time ends the lease of the model's first attempt, which was killed."""
    (claim,) = told(ops, "claim", task="model", token=1)
    (release,) = told(ops, "release", task="model", token=1)
    late = moved_by(release, 1.5)
    until = {"lease_until": late.database_time}
    return swapped(ops, {id(claim): changed(claim, until), id(release): late})


def renew_for_the_dead(ops: list[Op], _: Any) -> list[Op]:
    """The same claim is renewed for more than one lease after the death, and ended then."""
    spread = [
        changed(op, {"sequence": op.value["sequence"] * 8}) if op.process == "audit" else op
        for op in ops
    ]
    (claim,) = told(spread, "claim", task="model", token=1)
    (release,) = told(spread, "release", task="model", token=1)
    place = claim.value["sequence"]
    first, *beats = [
        changed(moved, {"sequence": place + n, "lease_until": (moved.database_time or 0.0) + 0.5})
        for n in range(5)
        for moved in [moved_by(claim, 0.4 * n)]
    ]
    last = {id(claim): first, id(release): moved_by(release, 1.4)}
    return [*swapped(spread, dict(last)), *(changed(beat, f="heartbeat") for beat in beats)]


def moved_by(op: Op, by: float) -> Op:
    """Return the audit's op so many seconds later, by both clocks."""
    database_time = (op.database_time or 0.0) + by
    return changed(op, time=op.time + round(by * SECOND_NS), database_time=database_time)


def overlap_leases(ops: list[Op], pick: Any) -> list[Op]:
    """A row is claimed again although its lease runs on and nobody released it."""
    row = pick(rows_with(ops, "claim", 2))
    first, second = of_row(ops, row, "claim")[:2]
    until = (second.database_time or 0.0) + 1.0
    between = [
        op
        for op in of_row(ops, row, "release", "heartbeat")
        if first.value["sequence"] < op.value["sequence"] < second.value["sequence"]
    ]
    dropped: dict[int, Op | None] = {id(op): None for op in between}
    return swapped(ops, {id(first): changed(first, {"lease_until": until}), **dropped})


def repeat_token(ops: list[Op], pick: Any) -> list[Op]:
    """Two claims of a row get the same token."""
    first, second = of_row(ops, pick(rows_with(ops, "claim", 2)), "claim")[:2]
    return swapped(ops, {id(second): changed(second, token=first.token)})


def finish_with_old_token(ops: list[Op], pick: Any) -> list[Op]:
    """The holder of the first claim finishes the row that was claimed again."""
    rows = set(rows_with(ops, "claim", 2)) & set(rows_with(ops, "finish"))
    row = pick(sorted(rows))
    first = of_row(ops, row, "claim")[0]
    finish = of_row(ops, row, "finish")[0]
    return swapped(ops, {id(finish): changed(finish, token=first.token)})


def finish_after_release(ops: list[Op], pick: Any) -> list[Op]:
    """The last claim of a row is released, and then finishes it."""
    finish = pick(told(ops, "finish"))
    place = finish.value["sequence"]
    moved = {
        id(op): changed(op, {"sequence": op.value["sequence"] * 2 + 1})
        for op in ops
        if op.process == "audit"
    }
    release = changed(finish, {"sequence": place * 2}, f="release")
    return [*swapped(ops, dict(moved)), release]


def finish_during_body(ops: list[Op], pick: Any) -> list[Op]:
    """A row is finished a second before the body of its current claim returns."""
    finish = pick(told(ops, "finish"))
    bodies = {
        op.process
        for op in told(ops, "attempt", "invoke", task=finish.task, token=finish.token)
        if op.value["row"] == finish.value["row"]
    }
    ends = [op for op in told(ops, "attempt", task=finish.task) if op.process in bodies]
    return swapped(ops, {id(op): changed(op, time=finish.time + SECOND_NS) for op in ends})


def revive_row(ops: list[Op], pick: Any) -> list[Op]:
    """A row that had ended is found waiting, though it was due long ago."""
    key = pick(single_rows(ops))
    (row,) = told(ops, "row", task=key)
    return swapped(ops, {id(row): changed(row, {"state": "waiting", "run_at": 0.0})})


def abandon_row(ops: list[Op], pick: Any) -> list[Op]:
    """A row is found claimed under a lease that is over."""
    key = pick(single_rows(ops))
    (row,) = told(ops, "row", task=key)
    value = {"state": "claimed", "run_at": 0.0, "lease_until": (row.database_time or 0.0) - 1.0}
    return swapped(ops, {id(row): changed(row, value)})


def starts_of(ops: list[Op], row: Any) -> list[Op]:
    """Return the starts of a row, in order."""
    return [op for op in told(ops, "attempt", "invoke") if op.value["row"] == row]


def restarted_rows(ops: list[Op]) -> list[Any]:
    """Return the rows that were started more than once."""
    return [row for row in rows_with(ops, "claim", 2) if len(starts_of(ops, row)) > 1]


def lower_maximum(ops: list[Op], pick: Any) -> list[Op]:
    """A row was allowed one start less than it had."""
    row = pick(restarted_rows(ops))
    (created,) = of_row(ops, row, "created")
    allowed = len(starts_of(ops, row)) - 1
    return swapped(ops, {id(created): changed(created, {"max_attempts": allowed})})


def drop_charge(ops: list[Op], _: Any) -> list[Op]:
    """One attempt of the model task was never charged."""
    charged = [op for op in ops if op.task == "model" and "attempts" in op.value]
    return swapped(
        ops,
        {
            id(op): changed(
                op,
                {"attempts": op.value["attempts"] - 1},
                attempt=None if op.attempt is None else op.attempt - 1,
            )
            for op in charged
        },
    )


def repeat_number(ops: list[Op], pick: Any) -> list[Op]:
    """A second start is told the number of the first."""
    first, second = starts_of(ops, pick(restarted_rows(ops)))[:2]
    return swapped(ops, {id(second): changed(second, attempt=first.attempt)})


def postpone_run_at(ops: list[Op], pick: Any) -> list[Op]:
    """A row had not been due for another second when it was first claimed."""
    row = pick(rows_with(ops, "claim"))
    claim = of_row(ops, row, "claim")[0]
    earlier = [
        op
        for op in of_row(ops, row, "created", "release")
        if op.value["sequence"] < claim.value["sequence"]
    ]
    due = {"run_at": (claim.database_time or 0.0) + 1.0}
    return swapped(ops, {id(op): changed(op, due) for op in (*earlier, claim)})


def create_twin(ops: list[Op], _: Any) -> list[Op]:
    """The duplicate of the model task made a row of its own while the first one lived."""
    (answer,) = [op for op in told(ops, "enqueue", task="model") if op.value["duplicate"]]
    (created,) = told(ops, "created", task="model")
    place = created.value["sequence"]
    moved = {
        id(op): changed(op, {"sequence": op.value["sequence"] + 1})
        for op in ops
        if op.process == "audit" and op.value["sequence"] > place
    }
    twin = changed(created, {"row": 999, "sequence": place + 1}, time=answer.time)
    own = changed(answer, {"row": 999, "duplicate": False})
    return [*swapped(ops, {**moved, id(answer): own}), twin]


def refuse_for_a_ghost(ops: list[Op], _: Any) -> list[Op]:
    """A call is told of a live duplicate two seconds after that one had ended."""
    (deleted,) = told(ops, "deleted", task="model")
    calls = [op for op in ops if op.f == "enqueue" and op.task == "model"]
    *_, invoke, answer = calls
    late = deleted.time + 2 * SECOND_NS
    return swapped(
        ops,
        {id(invoke): changed(invoke, time=late), id(answer): changed(answer, time=late + 1)},
    )


def drop_acknowledgement(ops: list[Op], pick: Any) -> list[Op]:
    """A producer died before it heard that its enqueue had worked."""
    answer = pick([op for op in told(ops, "enqueue") if not op.value["duplicate"]])
    return swapped(ops, {id(answer): None})


_BY_ANOMALY: Final[dict[str | None, list[Callable[[list[Op], Any], list[Op]]]]] = {
    "lost": [drop_effects],
    "vanished": [drop_finish],
    "unexpected": [drop_enqueues, fail_enqueues],
    "duplicated-effect": [repeat_effect, resurrect_victim, let_it_die_later],
    "unjustified-redelivery": [return_unheard, outlive_lease],
    "double-claim": [overlap_leases, repeat_token],
    "zombie-finish": [finish_with_old_token, finish_after_release, finish_during_body],
    "stuck": [revive_row, abandon_row],
    "unnoticed-death": [forget_the_dead, renew_for_the_dead],
    "attempt-overrun": [lower_maximum],
    "uncounted-attempt": [drop_charge, repeat_number],
    "premature": [postpone_run_at],
    "dedupe-violation": [create_twin, refuse_for_a_ghost],
    None: [drop_acknowledgement, hold_up_worker],
}
_CONSEQUENCES: Final[dict[Callable[[list[Op], Any], list[Op]], set[str]]] = {
    # Who knows of no enqueue knows of no second row.
    drop_enqueues: {"duplicated-effect"},
    fail_enqueues: {"duplicated-effect"},
    # An effect that is had again without a reason was begun again without one.
    resurrect_victim: {"unjustified-redelivery"},
    let_it_die_later: {"unjustified-redelivery"},
    # Who lengthens a lease takes away the end that was the reason to run the task again.
    overlap_leases: {"unjustified-redelivery", "unnoticed-death"},
    # Nobody knows any more whose claim a body ran under.
    repeat_token: {"zombie-finish", "duplicated-effect", "unjustified-redelivery"},
    # The twin goes no further than its creation.
    create_twin: {"lost", "vanished"},
}
MUTATORS: Final = tuple(
    Mutator(
        name=mutate.__name__,
        anomaly=anomaly,
        mutate=mutate,
        consequences=frozenset(_CONSEQUENCES.get(mutate, ())),
    )
    for anomaly, mutations in _BY_ANOMALY.items()
    for mutate in mutations
)
