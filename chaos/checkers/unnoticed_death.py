"""unnoticed-death: a killed process's task was not given back, though its claim's holder lived.

A supervisor sees its child die, so the task need not wait until the lease is over. It is judged by
leases and not by seconds: the lease ran out of which half or more was left when the process was
seen dead, or the living holder renewed it again and again for the dead. A holder that a fault held
up meanwhile could not do better, and has its time once it is free again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.leases import claim_end, has_run_out, lease_end
from chaos.history import CLOCK_SLACK_NS
from chaos.rows import audit_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.attempts import Attempt
    from chaos.history import History
    from chaos.rows import Claim
    from engine.subjects.contract import Contract
    from reports.schema import Op

LEFT_TO_NOTICE: Final = 0.5
"""A death in the last moments of a lease cannot be noticed before its end."""

AGAIN_AND_AGAIN: Final = 2


def find(history: History, _: Contract) -> Findings:
    """Find the attempts that were killed and that their claims' holders knew nothing of."""
    exercised, found = 0, []
    for attempt, claim in _killed(history):
        reason = _why_unnoticed(history, attempt, claim)
        exercised += bool(reason) or _is_put_to_test(history, attempt, claim)
        if reason:
            found.append(_finding(history, attempt, claim, reason))
    return Findings(exercised=exercised, found=found)


def _killed(history: History) -> Iterator[tuple[Attempt, Claim]]:
    """Yield the attempts that were killed under a claim that is known, of another process."""
    for task in history.tasks.values():
        for attempt in task.attempts:
            if attempt.outcome != "killed":
                continue
            claims = [claim for claim, _ in history.tenures(attempt)]
            if len(claims) == 1 and _is_lease_of_another(claims[0], attempt):
                yield attempt, claims[0]


def _is_lease_of_another(claim: Claim, attempt: Attempt) -> bool:
    has_lease = math.isfinite(claim.lease_until) and math.isfinite(claim.lease_seconds)
    return has_lease and claim.owner_pid not in {None, attempt.pid}


def _is_put_to_test(history: History, attempt: Attempt, claim: Claim) -> bool:
    """Tell whether the holder lived on until the claim ended, or for one lease more."""
    by = min(claim_end(claim), _one_lease_after(attempt.end, claim))
    return _lived_until(history, claim, by) and not _is_held_up(history, attempt, claim, by)


def _why_unnoticed(history: History, attempt: Attempt, claim: Claim) -> str:
    """Say what gives it away that the holder knew nothing; empty if nothing does."""
    renewal = _renewal_for_the_dead(history, attempt, claim)
    if renewal is not None:
        return f"still renewed its lease at {history.at(renewal.time)}"
    end = lease_end(claim)
    left_ns = end - attempt.end
    is_early = left_ns >= claim.lease_seconds * 1e9 * LEFT_TO_NOTICE
    is_overlooked = is_early and has_run_out(claim) and _lived_until(history, claim, end)
    if is_overlooked and not _is_held_up(history, attempt, claim, end):
        return f"did not end the claim before its lease ran out at {history.at(end)}"
    return ""


def _renewal_for_the_dead(history: History, attempt: Attempt, claim: Claim) -> Op | None:
    """Return the first renewal that came too long after the death, if one did.

    That is one full lease, or, where the claim was never ended, the second renewal.
    """
    is_endless = history.final is not None and claim.ending is None
    renewals = _renewals(claim)
    for index, op in enumerate(renewals):
        since = history.free_from((claim.owner_pid,), attempt.end, op.time) + CLOCK_SLACK_NS
        late = sum(other.time > since for other in renewals[: index + 1])
        is_too_late = op.time > _one_lease_after(since, claim)
        is_again = is_endless and op.time > since and late >= AGAIN_AND_AGAIN
        if (is_too_late or is_again) and not _may_have_died(history, claim, op.time):
            return op
    return None


def _renewals(claim: Claim) -> list[Op]:
    """Return the renewals before the claim's end."""
    end = math.inf if claim.ending is None else audit_order(claim.ending)
    return [op for op in claim.renewals if audit_order(op) <= end]


def _one_lease_after(time: float, claim: Claim) -> float:
    return time + claim.lease_seconds * 1e9


def _is_held_up(history: History, attempt: Attempt, claim: Claim, until: float) -> bool:
    return history.is_held_up(claim.owner_pid, attempt.end, until)


def _lived_until(history: History, claim: Claim, time: float) -> bool:
    """Tell whether the holder lived then, and the record of the run goes on for so long."""
    by = time + CLOCK_SLACK_NS
    return by <= history.ops[-1].time and not _may_have_died(history, claim, by)


def _may_have_died(history: History, claim: Claim, by: float) -> bool:
    return history.may_have_died(claim.owner_pid, claim.op.time - CLOCK_SLACK_NS, by)


def _finding(history: History, attempt: Attempt, claim: Claim, reason: str) -> Finding:
    token = f" with token {claim.token}" if claim.token is not None else ""
    return Finding(
        task=attempt.task,
        proof=(
            f"{attempt.process}, which ran {attempt.task}, was seen dead at"
            f" {history.at(attempt.end)}, but {claim.owner}{token}, which held the claim and lived"
            f" on, {reason}"
        ),
        moments=(round(attempt.end), round(lease_end(claim))),
        ops=history.tasks[attempt.task].ops,
    )


CHECKER = Checker(
    name="unnoticed-death",
    opportunities="attempts that were killed and whose claim's holder lived on",
    find=find,
    can_be_seen=lambda contract: contract.leases,
)
