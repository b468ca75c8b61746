"""Makes a plan that goes wrong smaller, as long as it still goes wrong.

What goes wrong by chance may not go wrong each time: a smaller plan is taken if it failed in one of
several runs, so the smallest one is a plan that can fail, not the only cause.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chaos.plan import Call, Plan

T = TypeVar("T")


def reduce_plan(
    plan: Plan, still_fails: Callable[[Plan], bool], *, may_go_on: Callable[[], bool]
) -> Plan:
    """Return the smallest plan found until nothing smaller fails or ``may_go_on`` says no."""
    while may_go_on():
        smaller = next(
            (each for each in smaller_plans(plan) if may_go_on() and still_fails(each)), None
        )
        if smaller is None:
            return plan
        plan = smaller
    return plan


def smaller_plans(plan: Plan) -> Iterator[Plan]:
    """Yield plans with less in them, the boldest cuts first.

    Faults go first, as they explain most; then workers; then calls, in ever smaller parts.
    """
    for strikes in _with_less(plan.strikes):
        yield dataclasses.replace(plan, strikes=strikes)
    if plan.workers > 1:
        yield dataclasses.replace(plan, workers=plan.workers - 1)
    if plan.processes > 1:
        yield dataclasses.replace(plan, processes=plan.processes - 1)
    triggers = {strike.on_start_of for strike in plan.strikes}
    kept = [call for call in plan.calls if call.key in triggers]
    for calls in _with_less([call for call in plan.calls if call.key not in triggers]):
        yield dataclasses.replace(plan, calls=_in_time([*kept, *calls]))


def _with_less(things: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Yield the sequence without all, a half, a quarter, ... of it: delta debugging's cuts."""
    size = len(things)
    while size >= 1:
        for start in range(0, len(things), size):
            yield (*things[:start], *things[start + size :])
        size //= 2


def _in_time(calls: Sequence[Call]) -> tuple[Call, ...]:
    return tuple(sorted(calls, key=lambda call: call.at_seconds))
