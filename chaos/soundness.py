"""Says what is wrong with a plan, before anything is started for it.

Plans come from people too: from scenarios of their own, and from stored files that they edited.
"""

from __future__ import annotations

import collections
import difflib
import json
import re
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from chaos.checkers import CHECKERS
from chaos.faults import FAULTS
from chaos.plan import Call, Strike
from chaos.strike_options import (
    HOUR,
    MOST_WORKERS,
    SECONDS,
    flaws_of_options,
    is_number,
    is_whole,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from chaos.plan import Plan

MOST_PRODUCERS: Final = 16
MOST_PRIORITY: Final = 2**31 - 1
MOST_SHOWN: Final = 80
TIMES: Final = (
    "at_seconds",
    "delay_seconds",
    "due_at_seconds",
    "repeat_seconds",
    "repeat_for_seconds",
)
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def flaw_of(plan: Plan) -> str:
    """Return the first flaw of a plan, in one clause; empty if it can be carried out."""
    return next(_flaws(plan), "")


def nearest(word: str, known: Collection[str]) -> str:
    """Say which of the known words was probably meant."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"the nearest is {close[0]}" if close else f"choose one of {', '.join(known)}"


def flaw_of_workload(workload: Any) -> str:
    """Return the first flaw of what a workload returned, before a plan is made of it."""
    is_pair = isinstance(workload, list | tuple) and len(workload) == len(("calls", "strikes"))
    if not is_pair or not all(isinstance(part, list | tuple) for part in workload):
        return f"its workload returned {_short(workload)}, and not two lists: calls, strikes"
    for word, kind, part in zip(("calls", "strikes"), (Call, Strike), workload, strict=True):
        for each in part:
            if not isinstance(each, kind):
                return f"its {word} have {_short(each)} in them, which is no {kind.__name__}"
    # The calls are going to be sorted by their times.
    return next((flaw for call in workload[0] for flaw in _flaws_of_times(call)), "")


def _flaws(plan: Plan) -> Iterator[str]:
    if not isinstance(plan.scenario, str) or not NAME.fullmatch(plan.scenario):
        yield f"the name {plan.scenario!r} is not made of letters, digits, '_', '.' and '-'"
    yield from _flaws_of_size(plan)
    for call in plan.calls:
        yield from _flaws_of_call(call)
    yield from _flaws_of_batches(plan)
    keys = {call.key for call in plan.calls}
    for strike in plan.strikes:
        yield from _flaws_of_strike(strike, keys)
    names = [checker.name for checker in CHECKERS]
    if not isinstance(plan.exercises, list | tuple):
        yield f"its exercises are {plan.exercises!r}, and not a list of anomalies"
    for name in plan.exercises:
        if name not in names:
            yield f"it exercises {name!r}, which is no anomaly: {nearest(str(name), names)}"


def _flaws_of_batches(plan: Plan) -> Iterator[str]:
    named = collections.Counter((call.batch, call.key) for call in plan.calls if call.batch)
    for (batch, key), times in named.items():
        if times > 1:
            yield f"{key} is in the batch {batch} {times} times: give each call of it its own key"


def _flaws_of_size(plan: Plan) -> Iterator[str]:
    if not plan.calls:
        yield "it has no calls, so there is nothing to lose"
    for field in ("workers", "processes"):
        value = getattr(plan, field)
        if not is_whole(value, 1, MOST_WORKERS):
            yield f"{field} is {value!r}, and has to be a whole number from 1 to {MOST_WORKERS}"
    limit = plan.timeout_seconds
    if limit is not None and not (is_number(limit, 0, HOUR) and limit > 0):
        yield f"timeout_seconds is {limit!r}, and has to be a number above 0, up to 3600"


def _flaws_of_call(call: Call) -> Iterator[str]:
    if not isinstance(call.key, str) or not call.key or "/" in call.key:
        yield f"the key {call.key!r} of a call is not a text without slashes"
    if not isinstance(call.kind, str) or not call.kind:
        yield f"the kind {call.kind!r} of {call.key} is not the name of a task"
    if not is_whole(call.producer, 0, MOST_PRODUCERS - 1):
        yield f"the producer {call.producer!r} of {call.key} is not a number below {MOST_PRODUCERS}"
    if not is_whole(call.priority, -MOST_PRIORITY, MOST_PRIORITY):
        yield f"the priority {call.priority!r} of {call.key} is not a whole number of 32 bits"
    if not isinstance(call.args, list | tuple) or not _is_json(call.args):
        yield f"the arguments {call.args!r} of {call.key} cannot be written as JSON"
    yield from _flaws_of_times(call)


def _flaws_of_times(call: Call) -> Iterator[str]:
    words, accepts = SECONDS
    for field in TIMES:
        value = getattr(call, field)
        may_be_none = field == "due_at_seconds"
        if not accepts(value) and not (may_be_none and value is None):
            yield f"{field} of {call.key} is {value!r}, and has to be {words}"
    if not isinstance(call.repeat_seconds, int):
        yield f"repeat_seconds of {call.key} is {call.repeat_seconds!r}, which is no whole number"


def _flaws_of_strike(strike: Strike, keys: Collection[str]) -> Iterator[str]:
    if strike.fault not in FAULTS:
        yield f"there is no fault {strike.fault!r}: {nearest(str(strike.fault), FAULTS)}"
    if strike.on_start_of is not None and strike.on_start_of not in keys:
        yield f"{strike.fault} waits for {strike.on_start_of!r} to start, which no call enqueues"
    words, accepts = SECONDS
    for field in ("at_seconds", "for_seconds"):
        if not accepts(value := getattr(strike, field)):
            yield f"{field} of {strike.fault} is {value!r}, and has to be {words}"
    if not isinstance(strike.options, Mapping) or not _is_json(strike.options):
        yield f"the options of {strike.fault} cannot be written as JSON"
    yield from flaws_of_options(strike.fault, strike.options)


def _short(value: Any) -> str:
    return textwrap.shorten(repr(value), MOST_SHOWN, placeholder=" ...")


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
