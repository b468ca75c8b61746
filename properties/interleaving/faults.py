"""What may go wrong at a gate: the steps of a schedule that are no steps of a program.

A fault strikes one session at one of its gates, which are counted from 1. The driver's errors are
the real ones, and so are their consequences (``engine/project/errors.py``).
"""

from __future__ import annotations

import dataclasses
from typing import Final, TypeAlias

ERRORS: Final = ("deadlock", "serialization", "lock-timeout")
"""What a database may answer at any time to a transaction that did nothing wrong."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The session's process dies before the statement at its gate, or after it.

    Its connection ends without a word, so the database rolls its transaction back.
    """

    session: int
    gate: int
    after: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LostConnection:
    """The connection ends before the statement at the gate is sent, or after it was carried out.

    After a COMMIT that is the answer that nobody hears: the work is done, and the caller gets an
    error.
    """

    session: int
    gate: int
    after: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The database answers the statement with an error, as it may; one of ``ERRORS``."""

    session: int
    gate: int
    error: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """Time passes between two steps of the schedule, by the database's clock."""

    step: int
    seconds: int


AtGate: TypeAlias = Crash | LostConnection | Refusal
Fault: TypeAlias = AtGate | ClockStep
