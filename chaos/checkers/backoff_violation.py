"""backoff-violation: an attempt that raised was followed too soon by the next one.

The pause counts from the moment at which the body raised, which is never after the engine's own
beginning of it. A release that the failure did not cause has no pause: the reaper's, that of a
holder that died, was told to stop or was held up, and one that gives the attempt back.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from chaos.checkers.checker import DATABASE_TICK_SECONDS, Checker, Finding, Findings
from chaos.checkers.leases import has_run_out
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.attempts import Attempt
    from chaos.history import History
    from chaos.rows import Claim, Row
    from engine.subjects.contract import Contract
    from reports.schema import Op

SLACK_SECONDS = CLOCK_SLACK_NS / 1e9 + DATABASE_TICK_SECONDS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What followed an attempt that raised.

    Attributes:
        pause: what the contract promises, in seconds.
        again: the next claim of the row, if there was one.
    """

    attempt: Attempt
    release: Op
    pause: float
    again: Op | None


def find(history: History, contract: Contract) -> Findings:
    """Find the rows that were to run, or ran, before their pause was over."""
    stops = {int(op.value["pid"]): op.time for op in reversed(history.ops) if op.f == "stop"}
    retries = [
        retry for row in history.rows.values() for retry in _retries(history, row, contract, stops)
    ]
    return Findings(
        exercised=len(retries),
        found=[_finding(history, retry, early) for retry in retries if (early := _early(retry))],
    )


def _retries(
    history: History, row: Row, contract: Contract, stops: Mapping[int, int]
) -> Iterator[Retry]:
    told = [start for start in row.starts if start.outcome == "fail" and start.token is not None]
    for number, attempt in enumerate(told):
        claim = next((one for one in row.claims if one.token == attempt.token), None)
        if claim is None or not _is_retry(history, attempt, claim, stops):
            continue
        pauses = contract.backoff_seconds[: number + 1]
        release = claim.ending
        if release is not None and pauses:
            later = row.audit[row.audit.index(release) :]
            again = next((op for op in later if op.f == "claim"), None)
            yield Retry(attempt=attempt, release=release, pause=pauses[-1], again=again)


def _is_retry(history: History, attempt: Attempt, claim: Claim, stops: Mapping[int, int]) -> bool:
    """Tell whether the release that ended the claim can only stem from the failure."""
    release, owner = claim.ending, claim.owner_pid
    if release is None or release.f != "release" or release.time < attempt.end - CLOCK_SLACK_NS:
        return False
    is_uncharged = release.value.get("attempts", 0) < claim.op.value.get("attempts", 0)
    is_stopped = owner is not None and stops.get(owner, math.inf) <= release.time
    span = attempt.start, release.time
    return not (
        is_uncharged
        or is_stopped
        or has_run_out(claim)
        or history.may_have_been_cut_off(attempt, release.time)
        or any(history.is_held_up(pid, *span) for pid in (owner, attempt.pid))
    )


def _early(retry: Retry) -> str:
    """Say what came too soon; empty if nothing did."""
    release, again = retry.release, retry.again
    raised = (release.database_time or 0.0) - (release.time - retry.attempt.end) / 1e9
    earliest = raised + retry.pause - SLACK_SECONDS
    if again is not None and (again.database_time or math.inf) < earliest:
        return f"claimed again {(again.database_time or 0.0) - raised:.2f} s later"
    run_at = release.value.get("run_at")
    if run_at is not None and float(run_at) < earliest:
        return f"to run again {max(0.0, float(run_at) - raised):.2f} s later"
    return ""


def _finding(history: History, retry: Retry, early: str) -> Finding:
    attempt = retry.attempt
    return Finding(
        task=attempt.task,
        proof=(
            f"{attempt.process} raised in its attempt of row {attempt.row} at"
            f" {history.at(attempt.end)}, and the row was {early}, although the pause is"
            f" {retry.pause:g} s"
        ),
        moments=(round(attempt.end), retry.release.time),
        ops=history.tasks[attempt.task].ops,
    )


CHECKER = Checker(
    name="backoff-violation",
    opportunities="releases after an attempt that raised",
    find=find,
    is_promised=lambda contract: bool(contract.backoff_seconds),
)
