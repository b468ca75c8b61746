"""What a subject promises, as data: checkers forbid what the contract excludes."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The promises of one subject in one run.

    Attributes:
        delivery: ``at-least-once`` lets a task run again after a death or an error;
            ``effectively-once`` lets no effect happen twice, whatever happens.
        max_attempts: a task starts at most this often, unless its row says otherwise.
        recovery_seconds: a task whose worker died is runnable again within this time.
        counts_attempts: every start is charged to the task, whatever ends it.
        deduplicates: a duplicate of a live task is ignored.
        leases: claims carry a lease and a token, so their overlap can be judged.
    """

    delivery: Literal["at-least-once", "effectively-once"] = "at-least-once"
    max_attempts: int
    recovery_seconds: float
    counts_attempts: bool = True
    deduplicates: bool = True
    leases: bool = True
