"""The JSON of a chaos session: what ``--json`` prints and ``--json-file`` writes.

The published schema is made of these classes: ``reports/schema/chaos_session.schema.json``. Fields
are added in place; one that changes its meaning or goes away raises ``VERSION``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping  # noqa: TC003 - the schema is made from annotations
from typing import Literal

from reports.schema import Counts  # noqa: TC001 - see Mapping

VERSION = 1

VerdictName = Literal["VALID", "INVALID", "UNKNOWN"]
Status = Literal["tested", "not tested", "not applicable", "failed"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckSummary:
    """One check of a run.

    Attributes:
        is_forbidden: whether the contract excludes the anomaly.
        is_required: whether the run set out to put the property to the test.
        exercised: how many opportunities there were to go wrong.
        count: how many anomalies there are.
        note: why it is UNKNOWN, if it is.
        proofs: one sentence for each of the first anomalies.
    """

    name: str
    verdict: VerdictName
    is_forbidden: bool
    is_required: bool
    exercised: int
    count: int
    note: str
    proofs: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One scenario on one database.

    Attributes:
        status: ``not tested`` if the database could not be had; ``failed`` if the harness could
            not carry the run out.
        verdict: null unless it was tested.
        reason: why it was not tested, in one sentence.
        anomalies: how many of each there are, allowed ones included.
        folder: the stored run.
        command: what to type to run the same plan again.
        repetition: which of several runs of the same plan this is, from 1.
        changes: what today's checkers say otherwise than those of the day of the run.
    """

    subject: str
    scenario: str
    database: str
    seed: int | None = None
    status: Status
    verdict: VerdictName | None = None
    reason: str = ""
    duration_seconds: float = 0.0
    counts: Counts | None = None
    anomalies: Mapping[str, int] = dataclasses.field(default_factory=dict)
    checks: tuple[CheckSummary, ...] = ()
    folder: str | None = None
    command: str = ""
    repetition: int = 1
    changes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The cell as people call it."""
        which = f" (repetition {self.repetition})" if self.repetition > 1 else ""
        return f"{self.scenario} on {self.database}{which}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How often a plan that was run again came out as it did before.

    Attributes:
        verdict: the one before; null if that run had none.
        times: how often it was run again and judged.
        same_verdict: how often the verdict was the same.
        anomalies: how often each forbidden anomaly was seen again, those of before and new ones.
        before: the forbidden anomalies of before.
    """

    subject: str
    scenario: str
    database: str
    verdict: VerdictName | None
    times: int
    same_verdict: int
    anomalies: Mapping[str, int]
    before: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SessionDocument:
    """A session of chaos runs, judged.

    Attributes:
        verdict: the worst of all cells; one that is missing counts as UNKNOWN if it was asked for.
        seed: null where the cells have seeds of their own.
    """

    schema_version: int = VERSION
    verdict: VerdictName
    exit_code: int
    seed: int | None
    cells: tuple[CellSummary, ...]
    agreements: tuple[Agreement, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of several things that are compared: a session or a run."""

    name: str
    session: SessionDocument


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonDocument:
    """Sessions or runs side by side."""

    schema_version: int = VERSION
    sides: tuple[Side, ...]
