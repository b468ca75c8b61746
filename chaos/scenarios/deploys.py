"""Releases change while tasks wait: names, signatures, and whole tasks that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Call, Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 5.0
CHANGED = ("ship_parcel", "wrap_gift", "print_label")


def _changed(rng: random.Random, count: int) -> list[Call]:
    """Tasks that release 2 does not know, or knows otherwise; some are due after the deploy."""
    return [
        Call(
            key=f"{kind.replace('_', '-')}-{number:02}",
            kind=f"engine.project.releases.{kind}",
            producer=number % 2,
            at_seconds=rng.uniform(0, SECONDS),
            delay_seconds=rng.choice((0.0, 0.0, 2.0)),
        )
        for kind in CHANGED
        for number in range(count)
    ]


def _calls(rng: random.Random) -> list[Call]:
    return [
        *workload.mails(rng, 80, seconds=SECONDS),
        *workload.slow(rng, 3, seconds=2.0, work=1.0),
        *_changed(rng, 10),
    ]


def _rolling(rng: random.Random) -> Workload:
    return _calls(rng), [
        Strike(
            fault="deploy",
            at_seconds=1.5,
            for_seconds=2.0,
            options={"release": "2", "share": 0.5},
        )
    ]


def _rolled_back(rng: random.Random) -> Workload:
    return _calls(rng), [
        Strike(
            fault="deploy",
            at_seconds=1.5,
            for_seconds=2.0,
            options={"release": "2", "share": 0.5, "rolls_back": True},
        )
    ]


ROLLING_DEPLOY = Scenario(
    name="rolling_deploy",
    summary="Old and new workers side by side: a task renamed, one removed, one with new arguments",
    workload=_rolling,
)
ROLLED_BACK = Scenario(
    name="deploy_rolled_back",
    summary="A release comes, breaks tasks that wait, and is taken back",
    workload=_rolled_back,
)
