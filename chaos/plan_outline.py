"""A plan in a few lines: groups of calls that are alike, and the strikes in the order of time."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaos.plan import Call, Plan, Strike

_NUMBER: Final = re.compile(r"[-_]?\d+")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallGroup:
    """Calls that differ by their numbers and times only.

    Attributes:
        first, last: when they are made, in seconds since the producers began.
        traits: what is special about them, in words.
    """

    name: str
    kind: str
    count: int
    first: float
    last: float
    traits: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StrikeLine:
    """One strike, or several that are alike.

    Attributes:
        seconds: when it is expected, since the producers began; the start that triggers it is
            taken to be as soon as its task is due.
        trigger: what brings it about, in words.
        lasts: until it is healed; 0 for a fault of an instant.
    """

    seconds: float
    fault: str
    trigger: str
    lasts: float
    options: Mapping[str, Any]


def call_groups(plan: Plan) -> list[CallGroup]:
    """Return the groups of calls, in the order of their first ones."""
    groups: dict[tuple[str, str], list[Call]] = {}
    for call in plan.calls:
        groups.setdefault((_NUMBER.sub("", call.key) or call.key, call.kind), []).append(call)
    return [
        CallGroup(
            name=name,
            kind=kind,
            count=len(calls),
            first=min(call.at_seconds for call in calls),
            last=max(call.at_seconds for call in calls),
            traits=tuple(_traits(calls)),
        )
        for (name, kind), calls in groups.items()
    ]


def strike_lines(plan: Plan) -> list[StrikeLine]:
    """Return the strikes in the order in which they are expected."""
    starts = {call.key: _due(call) for call in plan.calls}
    return sorted(
        (
            StrikeLine(
                seconds=starts.get(strike.on_start_of or "", strike.at_seconds),
                fault=strike.fault,
                trigger=_trigger(strike),
                lasts=strike.for_seconds,
                options=strike.options,
            )
            for strike in plan.strikes
        ),
        key=lambda line: line.seconds,
    )


def _due(call: Call) -> float:
    if call.due_at_seconds is not None:
        return call.due_at_seconds
    return call.at_seconds + call.delay_seconds


def _trigger(strike: Strike) -> str:
    if strike.on_start_of is None:
        return "its time"
    return f"{'every' if strike.every_start else 'the first'} start of {strike.on_start_of}"


def _traits(calls: list[Call]) -> Iterator[str]:
    producers = {call.producer for call in calls}
    if len(producers) > 1:
        yield f"{len(producers)} producers"
    due = {call.due_at_seconds for call in calls if call.due_at_seconds is not None}
    if due:
        yield f"due at {_span(due)} s"
    delays = {call.delay_seconds for call in calls if call.delay_seconds}
    if delays:
        yield f"{_span(delays)} s after their call"
    keys = {call.key for call in calls}
    if len(keys) < len(calls):
        yield f"{len(calls) - len(keys)} duplicates"
    priorities = {call.priority for call in calls}
    if priorities != {0}:
        yield f"priority {_span(priorities)}"
    yield from _flags(calls)


def _flags(calls: list[Call]) -> Iterator[str]:
    if any(not call.unique for call in calls):
        yield "not unique"
    if any(call.repeat_seconds for call in calls):
        yield f"every {_span({call.repeat_seconds for call in calls})} s"
    if batches := {call.batch for call in calls if call.batch is not None}:
        yield f"{len(batches)} batches"
    if any(call.aborts for call in calls):
        yield "rolled back"


def _span(numbers: Iterable[float]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:g}" if low == high else f"{low:.3g} to {high:.3g}"
