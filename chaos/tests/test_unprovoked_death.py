"""The checker ``unprovoked-death``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaos.checkers.unprovoked_death import HARMLESS
from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, killed_run

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "unprovoked-death"


def dead(kind: str = "send_mail", at: float = 3.0) -> Script:
    """A body whose process is seen dead in the middle of its task."""
    script = Script().call(1.0, kind=kind).created(1.01).answer(1.02).claim(2.0).start(2.1)
    return script.effect(2.2).death(at).release(at + 0.1, 1, 1)


def dead_after(lease_end: float, *, renewed: float) -> Script:
    """The same, under a lease that ends then and is renewed at another time."""
    script = Script().call(1.0, kind="send_mail").created(1.01).answer(1.02)
    script.claim(2.0, until=lease_end).start(2.1).heartbeat(renewed, 1, until=renewed + 5.0)
    return script.death(3.0).release(3.1, 1, 1)


def test_a_healthy_body_that_dies_was_killed_for_nothing() -> None:
    """The proof says what was no reason."""
    proof = only_anomaly(NAME, dead()).proof
    assert "body-800 was seen dead at 3.00 s while it ran order-1, begun at 2.10 s" in proof
    assert "no fault, no stop of its worker, no timeout and no lost lease" in proof


@pytest.mark.parametrize(
    "reason",
    [
        lambda: dead().kill(2.8),
        # The lease that ended at 2.5 s was renewed too late, when the holder gave up.
        lambda: dead_after(2.5, renewed=2.9),
        lambda: dead().stop(2.5),
        lambda: dead().kill(2.5, 900, in_body=False),
        lambda: dead().fault(1.5, "memory", until=2.0, disturbs="processes", pids=(800,)),
        lambda: dead().fault(2.5, "pause", until=2.6, disturbs="processes", pids=(900,)),
        lambda: dead().fault(2.5, "outage", until=2.6, disturbs="database"),
        lambda: dead(at=7.5),
        lambda: dead().read(2.9),
    ],
)
def test_a_reason_to_end_it_excuses_the_engine(reason: Callable[[], Script]) -> None:
    """A kill, a stop, the worker's death, a fault, a lost lease, the end of the run."""
    assert_valid(NAME, reason())


@pytest.mark.parametrize(
    "reason",
    [
        lambda: dead().kill(2.8, 801),
        lambda: dead().stop(2.5, 901),
        lambda: dead().stop(3.1),
        lambda: dead().kill(3.2, 900, in_body=False),
        lambda: dead().fault(3.1, "memory", disturbs="processes", pids=(800,)),
        lambda: dead().fault(2.5, "pause", until=2.6, disturbs="processes", pids=(901,)),
        lambda: dead().fault(1.0, "outage", until=1.5, disturbs="database"),
        lambda: dead().fault(2.5, "skew", until=2.6, disturbs="nothing", pids=(900,)),
        lambda: dead(at=6.9),
        lambda: dead().read(60.0),
    ],
)
def test_what_struck_others_or_came_at_another_time_excuses_nothing(
    reason: Callable[[], Script],
) -> None:
    """The nearest histories that are wrong."""
    only_anomaly(NAME, reason())


def test_a_lease_that_was_renewed_in_time_excuses_nothing() -> None:
    """The nearest history: the renewal came before the end."""
    only_anomaly(NAME, dead_after(2.5, renewed=2.4))


def test_a_timeout_of_the_contract_ends_what_reaches_it() -> None:
    """From the claim on, as far as the clocks can tell."""
    assert_valid(NAME, dead(), timeout_seconds=1.0)
    only_anomaly(NAME, dead(), timeout_seconds=1.1)


def test_without_a_known_holder_any_stop_may_have_been_its_workers() -> None:
    """Nobody knows which worker ran it."""
    script = dead().without(lambda op: op.f == "claim")
    only_anomaly(NAME, script)
    assert_valid(NAME, script.stop(2.5, 901))


def test_a_poison_task_and_one_of_an_unknown_kind_are_not_judged() -> None:
    """They may have ended their process themselves."""
    assert not check(NAME, dead("kill_worker")).exercised
    assert not check(NAME, killed_run().death(2.35)).exercised


def test_a_process_that_dies_between_its_tasks_is_no_matter() -> None:
    """Its attempt had ended."""
    script = Script().call(1.0, kind="send_mail").answer(1.1).body(2.0).death(3.0)
    assert not check(NAME, script).exercised


def test_any_stop_may_have_been_that_of_a_holder_that_nobody_knows() -> None:
    """Without one, nothing explains it; and a stop that came later never does."""
    for script, count in ((dead(), 1), (dead().stop(2.5, pid=777), 0), (dead().stop(9.0, 777), 1)):
        ownerless = script.without(lambda op: op.f == "claim")
        result = check(NAME, ownerless)
        assert (result.count, result.exercised) == (count, 1), result


def test_all_harmless_kinds_at_once_are_harmless() -> None:
    """A key may be called for in each of them; a body whose pid nobody knows is not judged."""
    script = Script()
    for number, kind in enumerate(sorted(HARMLESS)):
        at = number / 10
        script.call(at, kind=kind).answer(at + 0.05, duplicate=number > 0)
    script.claim(2.0).start(2.1)
    only_anomaly(NAME, script.death(3.0))
    nameless = (
        Script().call(1.0, kind="send_mail").say(2.0, "body-x", "invoke", "attempt", task="order-1")
    )
    assert check(NAME, nameless.death(3.0)).note.startswith("never put to the test")
