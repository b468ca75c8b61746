"""Says what is wrong with a plan, before anything is started for it.

Plans come from people too: from scenarios of their own, and from stored files that they edited.
"""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any, Final

from chaos.checkers import CHECKERS
from chaos.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from chaos.plan import Call, Plan, Strike

MOST_PRODUCERS: Final = 16
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def flaw_of(plan: Plan) -> str:
    """Return the first flaw of a plan, in one clause; empty if it can be carried out."""
    return next(_flaws(plan), "")


def nearest(word: str, known: Collection[str]) -> str:
    """Say which of the known words was probably meant."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"the nearest is {close[0]}" if close else f"choose one of {', '.join(known)}"


def _flaws(plan: Plan) -> Iterator[str]:
    if not NAME.fullmatch(plan.scenario):
        yield f"the name {plan.scenario!r} is not made of letters, digits, '_', '.' and '-'"
    if not plan.calls:
        yield "it has no calls, so there is nothing to lose"
    if plan.workers < 1 or plan.processes < 1:
        yield "it has no workers: workers and processes are at least 1"
    for call in plan.calls:
        yield from _flaws_of_call(call)
    keys = {call.key for call in plan.calls}
    for strike in plan.strikes:
        yield from _flaws_of_strike(strike, keys)
    names = [checker.name for checker in CHECKERS]
    for name in plan.exercises:
        if name not in names:
            yield f"it exercises {name!r}, which is no anomaly: {nearest(name, names)}"


def _flaws_of_call(call: Call) -> Iterator[str]:
    if not isinstance(call.key, str) or not call.key or "/" in call.key:
        yield f"the key {call.key!r} of a call is not a text without slashes"
    if not isinstance(call.kind, str) or not call.kind:
        yield f"the kind {call.kind!r} of {call.key} is not the name of a task"
    if not isinstance(call.producer, int) or not 0 <= call.producer < MOST_PRODUCERS:
        yield f"the producer {call.producer!r} of {call.key} is not a number below {MOST_PRODUCERS}"
    if not _is_json(call.args):
        yield f"the arguments {call.args!r} of {call.key} cannot be written as JSON"


def _flaws_of_strike(strike: Strike, keys: Collection[str]) -> Iterator[str]:
    if strike.fault not in FAULTS:
        yield f"there is no fault {strike.fault!r}: {nearest(strike.fault, FAULTS)}"
    if strike.on_start_of is not None and strike.on_start_of not in keys:
        yield f"{strike.fault} waits for {strike.on_start_of!r} to start, which no call enqueues"
    if not _is_json(strike.options):
        yield f"the options of {strike.fault} cannot be written as JSON"


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
