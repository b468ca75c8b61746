"""The network between processes and their database is slow, breaks, or loses answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.plan import Call
    from chaos.scenarios.scenario import Workload

SECONDS = 5.0
LONGER_THAN_A_LEASE = 5.0


def _calls(rng: random.Random) -> list[Call]:
    return [
        *workload.mails(rng, 100, seconds=SECONDS),
        *workload.waves(rng, count=3, size=10, first=1.0, every=1.2),
        *workload.duplicates(rng, 6, seconds=SECONDS),
        *workload.delayed(rng, 8, seconds=SECONDS / 2),
        *workload.slow(rng, 3, seconds=SECONDS, work=0.8),
    ]


def _strike(fault: str, at_seconds: float, for_seconds: float, **options: Any) -> Strike:
    return Strike(fault=fault, at_seconds=at_seconds, for_seconds=for_seconds, options=options)


def _slow(rng: random.Random) -> Workload:
    return _calls(rng), [
        _strike("latency", 0.5, 2.5, role="worker", seconds=0.05, jitter=0.04),
        _strike("latency", 1.0, 2.0, role="producer", seconds=0.02, jitter=0.02),
        _strike("bandwidth", 3.2, 1.5, role="worker", bytes_per_second=20_000),
    ]


def _broken(rng: random.Random) -> Workload:
    return _calls(rng), [
        _strike("reset", 1.0, 2.0, role="worker"),
        _strike("reset", 1.4, 2.0, role="producer"),
        _strike("cut", 2.0, 1.0, role="worker", bytes=rng.randrange(200, 4_000)),
        _strike("refuse", 3.5, 1.0, role="worker"),
    ]


def _blackhole(rng: random.Random) -> Workload:
    return _calls(rng), [
        _strike("blackhole", 1.0, LONGER_THAN_A_LEASE, role="worker"),
        _strike("blackhole", 2.0, 2.5, role="producer"),
    ]


def _lost_answers(rng: random.Random) -> Workload:
    return _calls(rng), [
        _strike("lost-answer", 0.3, 6.0, role="producer", statement="enqueue", times=5),
        _strike("lost-answer", 0.6, 5.0, role="worker", statement="claim", times=2),
        _strike("lost-answer", 1.5, 5.0, role="worker", statement="finish", times=2),
    ]


def _unheard(rng: random.Random) -> Workload:
    return _calls(rng), [_strike("lost-notifications", 0.3, 4.0, role="worker")]


SLOW_NETWORK = Scenario(
    name="slow_network",
    summary="Latency that varies, then a thin line, between processes and their database",
    workload=_slow,
)
BROKEN_NETWORK = Scenario(
    name="broken_network",
    summary="Connections are reset, cut in the middle of statements, and refused",
    workload=_broken,
)
BLACKHOLE = Scenario(
    name="blackhole",
    summary="Nothing reaches the database for longer than a lease, and nobody is told",
    workload=_blackhole,
)
LOST_ANSWERS = Scenario(
    name="lost_answers",
    summary="COMMIT takes effect and its answer is lost: of enqueues, claims and finishes",
    workload=_lost_answers,
    is_smoke=True,
)
LOST_NOTIFICATIONS = Scenario(
    name="lost_notifications",
    summary="Workers are not notified of new tasks, and have to find them by polling",
    workload=_unheard,
    exercises=("late",),
)
