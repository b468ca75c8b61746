"""What the processes of one Locust run tell one another, besides what Locust itself does.

A worker is READY when its users are connected; the coordinator answers with BEGIN, the same for
all; each worker sends its REPORT now and then, and a last one when it is done or told to FINISH.
Locust's local runner delivers its own messages to itself, so that one process alone does the same.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, Self

from loadtests.generator.recording import Account

if TYPE_CHECKING:
    from collections.abc import Mapping

READY: Final = "killproof_ready"
BEGIN: Final = "killproof_begin"
REPORT: Final = "killproof_report"
FINISH: Final = "killproof_finish"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A process stands ready, or cannot be: ``failure`` is the sentence that says why."""

    process: int
    pid: int
    failure: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return it as a message has it."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a process saw since the begin; a later report replaces an earlier one.

    Attributes:
        line: Locust's own entry of the enqueues.
        until_ns: when it was made; what was intended later is not in it.
        is_last: the process sends no more.
    """

    process: int
    pid: int
    account: Account
    cpu_share: float
    line: dict[str, Any]
    until_ns: int
    is_last: bool

    def to_document(self) -> dict[str, Any]:
        """Return it as a message has it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read it."""
        return cls(**{**document, "account": Account(**document["account"])})
