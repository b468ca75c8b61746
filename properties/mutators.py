"""Ways to spoil a legal history, each with the anomaly that it must cause.

A mutator gets the ops and a function that picks one of several things to spoil. The histories must
be outspoken ones: their model task can be spoiled in every way.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from properties.edits import (
    SECOND_NS,
    after,
    changed,
    moved_by,
    of_row,
    rows_with,
    single_rows,
    swapped,
    told,
)
from properties.spoiled_calls import (
    change_arguments,
    create_twin,
    cross_results,
    drop_acknowledgement,
    drop_enqueues,
    fail_enqueues,
    refuse_for_a_ghost,
    refuse_the_unborn,
    refuse_who_opted_out,
    run_what_was_aborted,
    tear_batch,
)
from properties.spoiled_starts import (
    die_for_nothing,
    disturb_nothing,
    hold_up_worker,
    let_it_die_later,
    outlive_lease,
    overlap_bodies,
    pause_another,
    pause_body,
    pause_database,
    pause_too_late,
    pause_worker,
    resurrect_victim,
    return_unheard,
    start_twice,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.schema import Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mutator:
    """A way to spoil a history; ``anomaly`` is None if the history stays legal.

    Attributes:
        consequences: the further anomalies that may follow from its own.
        terms: what the contract has to say for the history to be spoiled.
    """

    name: str
    anomaly: str | None
    mutate: Callable[[list[Op], Any], list[Op]]
    consequences: frozenset[str]
    terms: Mapping[str, Any]

    @property
    def anomalies(self) -> set[str]:
        """All that it may cause."""
        return {*self.consequences} | ({self.anomaly} if self.anomaly else set())


def drop_effects(ops: list[Op], pick: Any) -> list[Op]:
    """A task that finished never had its effect."""
    key = pick(single_rows(ops))
    return [op for op in ops if not (op.f == "effect" and op.task == key)]


def drop_finish(ops: list[Op], pick: Any) -> list[Op]:
    """A row goes away, and nothing says how it ended."""
    key = pick(single_rows(ops))
    return [op for op in ops if not (op.f in {"finish", "row"} and op.task == key)]


def repeat_effect(ops: list[Op], pick: Any) -> list[Op]:
    """One attempt has its effect twice."""
    effect = pick(told(ops, "effect"))
    return [*ops, changed(effect, time=effect.time + 1)]


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


def finish_twice(ops: list[Op], pick: Any) -> list[Op]:
    """The same finish is accepted again."""
    return after(ops, pick(told(ops, "finish")), "finish")


def change_after_end(ops: list[Op], pick: Any) -> list[Op]:
    """A row is changed after it was deleted."""
    return after(ops, pick(told(ops, "deleted")), "changed")


def beat_while_waiting(ops: list[Op], _: Any) -> list[Op]:
    """The lease of the model's first claim is renewed after its release."""
    (claim,) = told(ops, "claim", task="model", token=1)
    (release,) = told(ops, "release", task="model", token=1)
    return after(ops, changed(release, {"lease_until": claim.value["lease_until"]}), "heartbeat")


def strip_lease(ops: list[Op], pick: Any) -> list[Op]:
    """A row is found claimed under no lease."""
    (row,) = told(ops, "row", task=pick(single_rows(ops)))
    value = {"state": "claimed", "run_at": 0.0, "lease_until": None}
    return swapped(ops, {id(row): changed(row, value)})


_BY_ANOMALY: Final[dict[str | None, list[Callable[[list[Op], Any], list[Op]]]]] = {
    "lost": [drop_effects],
    "vanished": [drop_finish],
    "unexpected": [drop_enqueues],
    "aborted-enqueue-executed": [fail_enqueues, run_what_was_aborted],
    "torn-batch": [tear_batch],
    "duplicated-effect": [repeat_effect, resurrect_victim, let_it_die_later],
    "unjustified-redelivery": [
        return_unheard,
        outlive_lease,
        pause_another,
        pause_too_late,
        disturb_nothing,
    ],
    "at-most-once-redelivery": [start_twice],
    "overlap": [overlap_bodies],
    "double-claim": [overlap_leases, repeat_token],
    "zombie-finish": [finish_with_old_token, finish_after_release, finish_during_body],
    "double-finish": [finish_twice],
    "illegal-transition": [change_after_end, beat_while_waiting],
    "limbo": [strip_lease],
    "stuck": [revive_row, abandon_row],
    "unprovoked-death": [die_for_nothing],
    "unnoticed-death": [forget_the_dead, renew_for_the_dead],
    "attempt-overrun": [lower_maximum],
    "uncounted-attempt": [drop_charge, repeat_number],
    "premature": [postpone_run_at],
    "dedupe-violation": [create_twin],
    "false-dedupe": [refuse_the_unborn, refuse_who_opted_out],
    "stale-key": [refuse_for_a_ghost],
    "corruption": [change_arguments, cross_results],
    None: [drop_acknowledgement, hold_up_worker, pause_worker, pause_body, pause_database],
}
_CONSEQUENCES: Final[dict[Callable[[list[Op], Any], list[Op]], set[str]]] = {
    # Who knows of no enqueue knows of no second row.
    drop_enqueues: {"duplicated-effect"},
    fail_enqueues: {"duplicated-effect"},
    # An effect that is had again without a reason was begun again without one.
    resurrect_victim: {"unjustified-redelivery"},
    let_it_die_later: {"unjustified-redelivery"},
    # Who lengthens a lease takes away the end that was the reason to run the task again.
    overlap_leases: {"unjustified-redelivery", "unnoticed-death", "illegal-transition"},
    # Nobody knows any more whose claim a body ran under.
    repeat_token: {"zombie-finish", "duplicated-effect", "unjustified-redelivery"},
    # The twin goes no further than its creation.
    create_twin: {"lost", "vanished"},
    # The first attempt may have returned after all, and something else.
    finish_with_old_token: {"corruption"},
    # A row that goes away without an end leaves the graph, and so does a second end.
    drop_finish: {"illegal-transition"},
    finish_twice: {"zombie-finish", "illegal-transition"},
    finish_after_release: {"illegal-transition"},
    strip_lease: {"stuck"},
    start_twice: {"duplicated-effect", "overlap"},
    overlap_bodies: {"duplicated-effect", "unjustified-redelivery"},
}
_TERMS: Final[dict[Callable[[list[Op], Any], list[Op]], dict[str, Any]]] = {
    start_twice: {"delivery": "at-most-once"},
    overlap_bodies: {"delivery": "effectively-once"},
}
MUTATORS: Final = tuple(
    Mutator(
        name=mutate.__name__,
        anomaly=anomaly,
        mutate=mutate,
        consequences=frozenset(_CONSEQUENCES.get(mutate, ())),
        terms=_TERMS.get(mutate, {}),
    )
    for anomaly, mutations in _BY_ANOMALY.items()
    for mutate in mutations
)
