"""Runs one checker on a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos.checkers import CHECKERS
from chaos.history import History
from engine.subjects.contract import Contract
from reports.schema import Verdict

if TYPE_CHECKING:
    from chaos.tests.script import Script
    from reports.schema import Anomaly, CheckResult

CONTRACT = Contract(max_attempts=3, recovery_seconds=5.0)


def check(name: str, script: Script, **contract: Any) -> CheckResult:
    """Return what the checker of that name says."""
    terms = Contract(**{"max_attempts": 3, "recovery_seconds": 5.0, **contract})
    (checker,) = (checker for checker in CHECKERS if checker.name == name)
    return checker.check(History(script.ops), terms)


def assert_valid(name: str, script: Script, **contract: Any) -> None:
    """Assert that the checker has nothing to say, and looked."""
    result = check(name, script, **contract)
    assert result.verdict == Verdict.VALID, result
    assert result.exercised > 0
    assert result.note == ""


def only_anomaly(name: str, script: Script, **contract: Any) -> Anomaly:
    """Assert that the checker finds exactly one anomaly, of its own name, and return it."""
    result = check(name, script, **contract)
    assert result.verdict == Verdict.INVALID, result
    assert [anomaly.name for anomaly in result.anomalies] == [name], result
    assert result.count == 1
    return result.anomalies[0]
