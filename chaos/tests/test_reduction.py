"""The reduction of a plan: smaller, and still failing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.exploration.reduction import reduce_plan, smaller_plans
from chaos.plan import Call, Plan, Strike

if TYPE_CHECKING:
    from collections.abc import Callable


def plan_of(calls: int, faults: str, *, trigger: str | None = None) -> Plan:
    """A plan with so many calls and a fault for each letter; the first one may have a trigger."""
    return Plan(
        scenario="swarm",
        seed=7,
        workers=3,
        processes=2,
        calls=tuple(
            Call(key=f"mail-{number}", kind="send_mail", at_seconds=number)
            for number in range(calls)
        ),
        strikes=tuple(
            Strike(fault=name, on_start_of=trigger if name == faults[0] else None)
            for name in faults
        ),
    )


def needs(*, calls: set[str], faults: str, workers: int = 1) -> Callable[[Plan], bool]:
    """Fails if these calls, faults and workers are there."""

    def fails(plan: Plan) -> bool:
        keys = {call.key for call in plan.calls}
        names = {strike.fault for strike in plan.strikes}
        return calls <= keys and set(faults) <= names and plan.workers >= workers

    return fails


def always() -> bool:
    """There is time."""
    return True


def test_what_is_not_needed_is_left_out() -> None:
    """Of forty calls and five faults, two calls, one fault and two workers stay."""
    fails = needs(calls={"mail-3", "mail-31"}, faults="c", workers=2)
    smallest = reduce_plan(plan_of(40, "abcde"), fails, may_go_on=always)
    assert [call.key for call in smallest.calls] == ["mail-3", "mail-31"]
    assert [strike.fault for strike in smallest.strikes] == ["c"]
    assert (smallest.workers, smallest.processes) == (2, 1)


def test_the_task_that_triggers_a_fault_stays_with_it() -> None:
    """A fault without its trigger would never strike."""
    fails = needs(calls=set(), faults="a")
    smallest = reduce_plan(plan_of(9, "ab", trigger="mail-4"), fails, may_go_on=always)
    assert [call.key for call in smallest.calls] == ["mail-4"]


def test_a_plan_that_fails_no_more_when_cut_stays_as_it_is() -> None:
    """Nothing smaller was seen to fail."""
    plan = plan_of(3, "ab")
    assert reduce_plan(plan, lambda _: False, may_go_on=always) is plan


def test_when_time_is_up_the_smallest_so_far_is_returned() -> None:
    """Each try costs a run of seconds."""
    tries = iter([True, True, True, False])
    plan = plan_of(40, "abcde")
    smaller = reduce_plan(plan, needs(calls=set(), faults=""), may_go_on=lambda: next(tries, False))
    assert len(smaller.strikes) < len(plan.strikes)


def test_every_smaller_plan_is_smaller() -> None:
    """So the reduction ends."""
    plan = plan_of(12, "abc")
    size = _size(plan)
    assert all(_size(smaller) < size for smaller in smaller_plans(plan))


def _size(plan: Plan) -> int:
    return len(plan.calls) + len(plan.strikes) + plan.workers + plan.processes
