"""What a checker is: a name, a promise that it watches over, and a search for what breaks it.

A search that crashes says UNKNOWN, and so does one that had nothing to look at: neither is a pass.
But a run is not UNKNOWN for a property that it did not set out to put to the test.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from chaos.checkers.witness import witness
from reports.schema import Anomaly, CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaos.history import History
    from engine.subjects.contract import Contract
    from reports.schema import Op

ANOMALIES_KEPT: Final = 8
NO_FINAL_READ: Final = (
    "the history has no final read, so nobody knows how the rows stood at the end"
)

DATABASE_TICK_SECONDS: Final = 0.001
"""SQLite's clock has milliseconds: two of its times are not compared closer."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One anomaly, before its witness is gathered.

    Attributes:
        task: the key of the task.
        proof: one sentence.
        moments: the times that the sentence is about; the witness keeps what is nearest to them.
        ops: all that is known of the task.
    """

    task: str | None
    proof: str
    moments: tuple[int, ...]
    ops: Sequence[Op]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a search came back with; ``missing`` says why a clean one proves nothing."""

    exercised: int
    found: Sequence[Finding] = ()
    missing: str = ""


def _always(_: Contract) -> bool:
    return True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """One check of a history.

    Attributes:
        name: of the check and of its anomaly.
        opportunities: what it counts as exercised, for the note of a check that had none.
        find: the search; a pure function.
        is_promised: whether a contract forbids the anomaly; else it is counted and shown only.
        can_be_seen: whether a subject of that contract shows what the search looks at; else the
            check is left out of the results.
    """

    name: str
    opportunities: str
    find: Callable[[History, Contract], Findings]
    is_promised: Callable[[Contract], bool] = _always
    can_be_seen: Callable[[Contract], bool] = _always

    def check(
        self, history: History, contract: Contract, *, is_required: bool = True
    ) -> CheckResult:
        """Search the history; never raises."""
        try:
            findings = self.find(history, contract)
            return self._judge(
                findings, history, is_required, is_forbidden=self.is_promised(contract)
            )
        except Exception as error:  # noqa: BLE001 - whatever it was, the check proved nothing
            note = f"the checker crashed: {type(error).__name__}: {error}"
            return CheckResult(name=self.name, verdict=Verdict.UNKNOWN, exercised=0, note=note)

    def _judge(
        self, findings: Findings, history: History, is_required: bool, *, is_forbidden: bool
    ) -> CheckResult:
        note = findings.missing
        is_untested = not (findings.found or note or findings.exercised)
        if is_untested:
            note = f"never put to the test: the history has no {self.opportunities}"
        clean = Verdict.UNKNOWN if note else Verdict.VALID
        wrong = Verdict.INVALID if is_forbidden else Verdict.VALID
        return CheckResult(
            name=self.name,
            verdict=wrong if findings.found else clean,
            exercised=findings.exercised,
            count=len(findings.found),
            note=note,
            is_forbidden=is_forbidden,
            is_required=is_required or not is_untested,
            anomalies=tuple(
                self._anomaly(found, history) for found in findings.found[:ANOMALIES_KEPT]
            ),
        )

    def _anomaly(self, found: Finding, history: History) -> Anomaly:
        return Anomaly(
            name=self.name,
            task=found.task,
            proof=found.proof,
            witness=witness(found.ops, history.incidents, found.moments),
        )
