"""The one sentence that says what a verdict means for its run.

It claims nothing that the results do not hold: "nothing stuck" needs a VALID check of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.page.wording import clip, plural
from reports.schema import Verdict

if TYPE_CHECKING:
    from reports.schema import CheckResult, Counts, Results

MEANINGS = {
    Verdict.VALID: "Every property that the run set out to test was put to the test and held.",
    Verdict.INVALID: "At least one thing happened that the contract forbids.",
    Verdict.UNKNOWN: "The run does not prove what it set out to prove. This is not a pass.",
}

# What a VALID check lets us say, in the order in which it is said.
_CLAIMS = {
    "lost": "nothing lost",
    "stuck": "nothing stuck",
    "double-claim": "nothing claimed twice at once",
}


def sum_up(results: Results) -> str:
    """Say what happened in this run and what came of it."""
    facts = _facts(results.counts)
    if results.verdict is Verdict.VALID:
        return _sentence([*facts, *_held(results)])
    return f"{_sentence(facts)} {state_finding(results)}"


def state_finding(results: Results) -> str:
    """Say what is wrong with a run, or what it leaves unproven; nothing of a VALID one."""
    match results.verdict:
        case Verdict.VALID:
            return ""
        case Verdict.INVALID:
            return f"Found: {name_broken(results)}."
        case Verdict.UNKNOWN:
            return _doubt(results)


def name_broken(results: Results) -> str:
    """Name what an INVALID run found, with how many there are of each."""
    broken = [check for check in results.checks if check.verdict is Verdict.INVALID]
    return ", ".join(f"{check.count} x {check.name}" for check in broken) or "no check says what"


def explain_unknown(check: CheckResult) -> str:
    """Say why a check is UNKNOWN, from its note or else from its numbers."""
    if check.note:
        return clip(check.note)
    if check.exercised == 0:
        return "Nothing in this run put it to the test."
    return "The checker gave no reason."


def _facts(counts: Counts) -> list[str]:
    facts = [f"{plural(counts.acknowledged, 'enqueue')} acknowledged"]
    kills = plural(counts.kills_landed, "worker")
    if counts.kills_landed and counts.kills_landed == counts.kills_in_body:
        facts.append(f"{kills} killed in the middle of a task")
    elif counts.kills_landed:
        facts.append(f"{kills} killed")
        facts.append(f"{counts.kills_in_body} of them in the middle of a task")
    return facts


def _held(results: Results) -> list[str]:
    valid = {c.name for c in results.checks if c.verdict is Verdict.VALID and not c.count}
    return [claim for name, claim in _CLAIMS.items() if name in valid]


def _doubt(results: Results) -> str:
    unknown = [
        check
        for check in results.checks
        if check.verdict is Verdict.UNKNOWN and (check.is_required or check.exercised)
    ]
    if not unknown:
        return "No check gave a verdict."
    first, more = unknown[0], len(unknown) - 1
    rest = f", and {plural(more, 'other property', 'other properties')}" if more else ""
    return f"Not proven: {first.name} ({explain_unknown(first).rstrip('.')}){rest}."


def _sentence(parts: list[str]) -> str:
    return f"{', '.join(parts)}."
