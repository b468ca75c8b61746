"""Workers without work that look for some far too often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.analysis.scene import Scene
from loadtests.analysis.suspects import suspicions
from loadtests.tests.planted.planting import measured, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadtests.analysis.suspects import Suspicion
    from loadtests.laboratory import Bench
    from reports.load_steps import Step

WORKERS = 4
RATE = 20.0

pytestmark = pytest.mark.processes


def steps(bench: Bench, name: str, sleep_seconds: float) -> tuple[Step, Step]:
    """Measure workers that pause for so long, without any task and with some."""
    idle, loaded = (
        measured(
            bench,
            plan(
                f"{name}-{rate:.0f}",
                rate,
                window_seconds=1.5,
                workers=WORKERS,
                sleep_seconds=sleep_seconds,
            ),
        )
        for rate in (0.0, RATE)
    )
    return idle, loaded


def polling(idle: Step, loaded: Step) -> Suspicion:
    """Return what is said of polling."""
    found = suspicions(Scene(step=loaded, idle=idle, workers=WORKERS))
    return next(each for each in found if each.label == "polling")


def cost(idle: Step) -> tuple[float, float]:
    """Return the statements and the CPU seconds of a second without any task."""
    spent = sum(idle.resources.cpu_seconds[role] for role in ("worker", "database"))
    asked = idle.resources.counters["statements"]
    return asked / idle.window_seconds, spent / idle.window_seconds


def test_a_polling_storm_is_named_and_quiet_workers_are_not(
    faulty: Callable[[str], Bench],
) -> None:
    """What the database is asked without any task is most of what it is asked under load."""
    bench = faulty("ManyWorkers")
    storm, quiet = steps(bench, "storm", 0.01), steps(bench, "quiet", 5.0)

    named = polling(*storm)
    assert named.is_supported
    assert {each.step for each in named.evidence} == {storm[0].id, storm[1].id}
    assert not polling(*quiet).is_supported
    statements, seconds = cost(storm[0])
    few, little = cost(quiet[0])
    assert statements > 10 * few
    assert seconds > 3 * little
    assert storm[0].counts.planned == quiet[0].counts.planned == 0
