"""Clocks of workers and producers are wrong, jump, and cross a change of daylight saving time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.plan import Call
    from chaos.scenarios.scenario import Workload

SECONDS = 4.0
SPRING_FORWARD = {"zone": "Europe/Berlin", "before": "2026-03-29T00:59:58+00:00"}
FALL_BACK = {"zone": "Europe/Berlin", "before": "2026-10-25T00:59:58+00:00"}


def _calls(rng: random.Random) -> list[Call]:
    """Calls whose times are told by how long to wait: a producer's own clock is wrong."""
    return [
        *workload.mails(rng, 60, seconds=SECONDS),
        *workload.duplicates(rng, 6, seconds=SECONDS),
        *workload.delayed(rng, 15, seconds=SECONDS / 2),
        *workload.flaky(rng, 8, seconds=SECONDS),
        *workload.slow(rng, 1, seconds=0.5, work=5.0),
    ]


def _strike(at_seconds: float, for_seconds: float, **options: Any) -> Strike:
    return Strike(fault="clock", at_seconds=at_seconds, for_seconds=for_seconds, options=options)


def _skew(rng: random.Random) -> Workload:
    hours = rng.choice((-3.0, -1.0, 1.0, 3.0))
    return _calls(rng), [
        _strike(0.2, 4.0, role="worker", offset=hours * 3600),
        _strike(0.5, 3.0, role="producer", offset=-hours * 3600),
    ]


def _strobe(rng: random.Random) -> Workload:
    offset = rng.choice((-1.0, 1.0)) * rng.uniform(60.0, 7200.0)
    return _calls(rng), [_strike(0.2, 4.0, role="worker", offset=offset, strobe=True)]


def _daylight_saving(rng: random.Random) -> Workload:
    return _calls(rng), [
        _strike(0.2, 2.0, role="worker", **SPRING_FORWARD),
        _strike(2.5, 2.0, role="worker", **FALL_BACK),
    ]


PROMISES = ("premature", "dedupe-violation", "uncounted-attempt")

CLOCK_SKEW = Scenario(
    name="clock_skew",
    summary="Clocks of workers and of producers are wrong by hours, in opposite directions",
    workload=_skew,
    exercises=PROMISES,
)
CLOCK_STROBE = Scenario(
    name="clock_strobe",
    summary="The clock of workers jumps to and fro with every statement",
    workload=_strobe,
    exercises=PROMISES,
)
DAYLIGHT_SAVING = Scenario(
    name="daylight_saving",
    summary="Clocks of workers cross the changes to and from daylight saving time",
    workload=_daylight_saving,
    exercises=PROMISES,
)
