"""What a subject promises, as data: checkers forbid what the contract excludes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The promises of one subject in one run.

    Attributes:
        delivery: ``at-least-once`` lets a task run again after a death or an error;
            ``effectively-once`` lets no effect happen twice, whatever happens; ``at-most-once``
            starts no task twice, and may lose it.
        max_attempts: a task starts at most this often, unless its row says otherwise.
        recovery_seconds: a task whose worker died is runnable again within this time.
        counts_attempts: every start is charged to the task, whatever ends it.
        deduplicates: a duplicate of a live task is ignored.
        leases: claims carry a lease and a token, so their overlap can be judged.
        backoff_seconds: the least pauses after the first, second, ... attempt that raised; the last
            one holds for all later ones; empty if none is promised.
        timeout_seconds: an attempt that takes longer is ended by the engine; None if none is.
        priorities: of two due tasks of a queue, the one of higher priority is claimed first.
        in_order: of two due tasks of equal priority, the one that was due first is claimed first.
        periodic: a repeating task has one run for each time of its rhythm, and never two.
        keeps_results: what a task returned is stored with its row.
        transactional: an enqueue takes part in the caller's transaction.
        stop_seconds: a worker that is told to stop claims no more and ends within this time, while
            no body takes longer; None if nothing is promised.
        wakes_up: an idle worker takes a task that becomes due within this many seconds.
    """

    delivery: Literal["at-least-once", "at-most-once", "effectively-once"] = "at-least-once"
    max_attempts: int
    recovery_seconds: float
    counts_attempts: bool = True
    deduplicates: bool = True
    leases: bool = True
    backoff_seconds: tuple[float, ...] = ()
    timeout_seconds: float | None = None
    priorities: bool = False
    in_order: bool = False
    periodic: bool = False
    keeps_results: bool = False
    transactional: bool = True
    stop_seconds: float | None = None
    wakes_up: float | None = None

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Read what ``dataclasses.asdict`` and JSON made of a contract; raises TypeError."""
        return cls(**{**fields, "backoff_seconds": tuple(fields.get("backoff_seconds", ()))})
