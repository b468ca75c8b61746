"""Ways to spoil what producers asked for, were told, and got."""

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


def refuse_the_unborn(ops: list[Op], _: Any) -> list[Op]:
    """A call is told of a live duplicate that is created only afterwards."""
    calls = [op for op in ops if op.f == "enqueue" and op.task == "model"]
    (created,) = told(ops, "created", task="model")
    *_, invoke, answer = calls
    early = {
        id(op): changed(op, time=created.time - SECOND_NS + n)
        for n, op in enumerate((invoke, answer))
    }
    return swapped(ops, dict(early))


def refuse_who_opted_out(ops: list[Op], _: Any) -> list[Op]:
    """A call that did not want to be unique is refused as a duplicate."""
    *_, invoke, _answer = [op for op in ops if op.f == "enqueue" and op.task == "model"]
    return swapped(ops, {id(invoke): changed(invoke, {"unique": False})})


def run_what_was_aborted(ops: list[Op], _: Any) -> list[Op]:
    """A call that was rolled back has made a row of the model task nevertheless, which runs."""
    *_, invoke, answer = [op for op in ops if op.f == "enqueue" and op.task == "model"]
    start = told(ops, "attempt", "invoke", task="model")[0]
    return [
        *swapped(ops, {id(answer): changed(answer, type="fail", value={})}),
        changed(start, {"row": 998, "pid": 9}, process="body-9", time=invoke.time + SECOND_NS),
    ]


def tear_batch(ops: list[Op], _: Any) -> list[Op]:
    """Of a batch whose end nobody knows one task has a row and the other has none."""
    answers = [op for op in told(ops, "enqueue") if op.task in {"many-1", "many-2"}]
    unknown = {id(op): changed(op, type="info") for op in answers}
    kept = [op for op in ops if not (op.task == "many-2" and op.f in {"created", "row"})]
    return [
        dataclasses.replace(op, value={}) if op.type == "info" else op
        for op in swapped(kept, dict(unknown))
    ]


def change_arguments(ops: list[Op], pick: Any) -> list[Op]:
    """A body gets the arguments of another task."""
    start = pick(told(ops, "attempt", "invoke"))
    return swapped(ops, {id(start): changed(start, {"digest": "digest of another"})})


def cross_results(ops: list[Op], pick: Any) -> list[Op]:
    """A finish stores the result of another task."""
    finish = pick(told(ops, "finish"))
    return swapped(ops, {id(finish): changed(finish, {"result": '["another", 1]'})})


def drop_acknowledgement(ops: list[Op], pick: Any) -> list[Op]:
    """A producer died before it heard that its enqueue had worked."""
    answer = pick([op for op in told(ops, "enqueue") if not op.value["duplicate"]])
    return swapped(ops, {id(answer): None})
