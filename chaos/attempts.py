"""What a run tells of one task: its enqueues, attempts and effects.

An attempt is an interval that always has an end: its own, its process's death, or infinity.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from chaos.deaths import trailing_pid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.rows import Row
    from reports.schema import Op

Outcome = Literal["ok", "fail", "killed", "open"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """One call to enqueue a task; ``end`` is None if nobody knows how it ended."""

    invoke: Op
    end: Op | None

    @property
    def is_acknowledged(self) -> bool:
        """Whether it returned."""
        return self.end is not None and self.end.type == "ok"

    @property
    def has_failed(self) -> bool:
        """Whether it certainly had no effect."""
        return self.end is not None and self.end.type == "fail"

    @property
    def is_duplicate(self) -> bool:
        """Whether it was told that the task was live already."""
        return self.end is not None and bool(self.end.value.get("duplicate"))

    @property
    def may_have_made_a_row(self) -> bool:
        """Whether a row may stem from it: it did no less than that, or nobody knows."""
        return not self.has_failed and not self.is_duplicate

    @property
    def row(self) -> Any:
        """The id of the live row that it was told of, or None."""
        return self.end.value.get("row") if self.end is not None else None

    @property
    def is_unique(self) -> bool:
        """Whether a live duplicate should have made it one."""
        return self.invoke.value.get("unique") is not False

    @property
    def digest(self) -> Any:
        """What stands for the arguments, or None."""
        return self.invoke.value.get("digest")

    @property
    def aborts(self) -> bool:
        """Whether it was made in a transaction that was to be rolled back."""
        return bool(self.invoke.value.get("aborts"))

    @property
    def batch(self) -> Any:
        """The ``enqueue_many`` that it is one of, or None."""
        return self.invoke.value.get("batch")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One start of a task's body.

    Attributes:
        invoke: the op of its start.
        answer: the op of its own end, if it came to that.
        row: the id of the row that it ran, where that is known.
        end: when it returned or raised, or its process was seen dead; else infinity.
        number: 1 for the first start, where the body was told.
        token: of the claim that it ran under, where the body was told.
    """

    invoke: Op
    answer: Op | None
    task: str
    row: Any
    process: str
    pid: int | None
    start: int
    end: float
    outcome: Outcome
    number: int | None
    token: int | None

    @property
    def digest(self) -> Any:
        """What stands for the arguments that the body got, or None."""
        return self.invoke.value.get("digest")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One effect of a task; ``attempt`` is the one that it belongs to, if any was begun."""

    op: Op
    attempt: Attempt | None

    @property
    def began(self) -> int:
        """When its attempt began."""
        return self.attempt.start if self.attempt else self.op.time

    @property
    def origin(self) -> object:
        """What it has in common with the other effects of its attempt only."""
        return (self.op.process, self.attempt.start) if self.attempt else id(self.op)

    @property
    def row(self) -> Any:
        """The id of the row that it is an effect of, where that is known."""
        return self.attempt.row if self.attempt else None

    @property
    def pid(self) -> int | None:
        """The process that it took place in."""
        return self.attempt.pid if self.attempt else trailing_pid(self.op.process)


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """All that is known of one task of the workload, each list in the order of time.

    Attributes:
        finals: its rows in the final read.
        loose: what the audit says of rows that it does not name and that several may be.
        rows: the live rows that it had, by id.
    """

    key: str
    ops: list[Op] = dataclasses.field(default_factory=list)
    enqueues: list[Enqueue] = dataclasses.field(default_factory=list)
    attempts: list[Attempt] = dataclasses.field(default_factory=list)
    effects: list[Effect] = dataclasses.field(default_factory=list)
    finals: list[Op] = dataclasses.field(default_factory=list)
    loose: list[Op] = dataclasses.field(default_factory=list)
    rows: dict[Any, Row] = dataclasses.field(default_factory=dict)

    def adopt(self, keyless: Sequence[Op]) -> None:
        """Take over what named its row and not the task."""
        if keyless:
            self.ops = sorted([*self.ops, *keyless], key=lambda op: op.time)
            self.finals.extend(op for op in keyless if op.process == "final-read")

    def settle_loose_ops(self) -> None:
        """Give the audit ops that name no row to the only row that they can mean."""
        if len(self.rows) == 1:
            (row,) = self.rows.values()
            row.audit = [*row.audit, *self.loose]
            self.loose = []

    @property
    def only_row(self) -> Any:
        """The id of the only row that it can have had; None if there may be another one."""
        made = sum(enqueue.may_have_made_a_row for enqueue in self.enqueues)
        return next(iter(self.rows)) if len(self.rows) == 1 and made <= 1 else None

    def signs_of_bodies(self) -> list[Op]:
        """Return the first that each body said: its start, or an effect that nothing began."""
        starts = [attempt.invoke for attempt in self.attempts]
        stray = [effect.op for effect in self.effects if effect.attempt is None]
        return sorted([*starts, *stray], key=lambda op: op.time)

    def calls_before(self, op: Op) -> list[Enqueue]:
        """Return the calls that had been made by then, and so may have asked for it."""
        return [enqueue for enqueue in self.enqueues if enqueue.invoke.time <= op.time]

    def has_ended(self, row: Any, *words: str) -> bool:
        """Tell whether the audit says that the row ended so, or that one that may be it did."""
        known = [other for other in self.rows.values() if row in (None, other.id)]
        return any(other.first(*words) for other in known) or any(
            op.f in words for op in self.loose
        )

    def finals_of(self, row: Any) -> list[Op]:
        """Return the final rows that are, or may be, the row with this id.

        A subject may give ended tasks new ids: a final id that no live row had may stem from any.
        """
        return [
            op
            for op in self.finals
            if row is None or op.value.get("row") == row or op.value.get("row") not in self.rows
        ]

    def acknowledged(self) -> list[Enqueue]:
        """Return the enqueues that returned, one a row: the one that made it if that is known."""
        by_row: dict[Any, Enqueue] = {}
        for enqueue in sorted(self.enqueues, key=lambda enqueue: enqueue.is_duplicate):
            if enqueue.is_acknowledged:
                by_row.setdefault(enqueue.row, enqueue)
        return list(by_row.values())
