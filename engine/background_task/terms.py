"""Under which conditions a worker claims."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which conditions a worker claims.

    Attributes:
        owner: who claims; no other worker has this name, or ever had it.
        lease_seconds: how long a claim lasts unless it is renewed.
        max_attempts: for rows that name none.
        timeout_seconds: for rows that name none.
        queues: the queues to serve; all of them if empty.
        lowest_first: whether lower numbers run first.
    """

    owner: str
    lease_seconds: float
    max_attempts: int
    timeout_seconds: float
    queues: tuple[str, ...] = ()
    lowest_first: bool = False
