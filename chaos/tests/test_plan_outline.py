"""A plan in a few lines."""

from __future__ import annotations

from chaos.plan import Call, Plan, Strike
from chaos.plan_outline import call_groups, strike_lines


def plan(calls: list[Call], strikes: list[Strike]) -> Plan:
    """Return a plan of these."""
    return Plan(
        scenario="s",
        seed=1,
        workers=1,
        processes=1,
        calls=tuple(calls),
        strikes=tuple(strikes),
    )


def test_calls_that_differ_by_their_numbers_are_one_group() -> None:
    """A wave of many numbers is one line, with what is special about it."""
    wave = [
        Call(key=f"wave-{n}-0{n}", kind="send_mail", at_seconds=n / 10, due_at_seconds=2.0 + n)
        for n in range(3)
    ]
    twice = [
        Call(key="twice-00", kind="send_mail", at_seconds=1.0, producer=producer, delay_seconds=1.0)
        for producer in (0, 1)
    ]
    first, second = call_groups(plan([*wave, *twice], []))
    assert (first.name, first.count, first.first, first.last) == ("wave", 3, 0.0, 0.2)
    assert first.traits == ("due at 2 to 4 s",)
    assert second.traits == ("2 producers", "1 s after their call", "1 duplicates")


def test_strikes_are_in_the_order_in_which_they_are_expected() -> None:
    """One that waits for a start is expected when its task is due."""
    calls = [Call(key="a", kind="hang_once", at_seconds=1.0, delay_seconds=4.0)]
    strikes = [
        Strike(fault="sigkill", on_start_of="a", every_start=True),
        Strike(fault="sigstop", at_seconds=2.0, for_seconds=3.0),
    ]
    lines = strike_lines(plan(calls, strikes))
    assert [(line.seconds, line.fault, line.trigger) for line in lines] == [
        (2.0, "sigstop", "its time"),
        (5.0, "sigkill", "every start of a"),
    ]
