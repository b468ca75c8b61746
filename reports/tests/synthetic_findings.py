"""Findings of a synthetic load run: flips, bottlenecks, predictions, bystanders."""

from __future__ import annotations

import random
from typing import Any

from reports.load_schema import (
    Bottleneck,
    Bystander,
    Claim,
    Evidence,
    Prediction,
    Ratio,
    ScalabilityFit,
    Suspect,
)
from reports.tests.synthetic_steps import (
    MARIADB,
    POSTGRESQL,
    SQLITE,
    Maker,
    Model,
)


def ratio(
    model: Model, name: str, middle: float, *, spread: float = 0.02, seed: int = 1, **words: Any
) -> Ratio:
    """Five paired ratios around a middle; far apart ones are withheld."""
    chance = random.Random(f"{name}-{model.contender}-{seed}")  # noqa: S311 - no secret
    ratios = tuple(middle * (1 + chance.uniform(-spread, spread)) for _ in range(5))
    low, high, median = min(ratios), max(ratios), sorted(ratios)[2]
    claim: Claim = "no difference" if low <= 1 <= high else "claimed"
    if spread > 0.1:
        claim = "withheld"
        words.setdefault("reason", "The pairs differ by more than the rule allows.")
    defaults = {"metric": "goodput", "before": "as in the profile", "after": "changed"}
    return Ratio(
        name=name,
        target=model.target,
        ratios=ratios,
        median=median,
        low=low,
        high=high,
        claim=claim,
        **{**defaults, **words},
    )


def fit() -> ScalabilityFit:
    """Return a fit whose peak was observed."""
    points = ((1, 255.0), (2, 470.0), (3, 640.0), (4, 760.0), (6, 820.0), (8, 790.0))
    return ScalabilityFit(
        lambda_=262.0,
        sigma=0.062,
        kappa=0.0131,
        r_squared=0.991,
        peak="observed",
        intervals={"lambda": (251.0, 275.0), "sigma": (0.03, 0.09), "kappa": (0.008, 0.018)},
        points=tuple((float(workers), rate) for workers, rate in points),
    )


def flips() -> tuple[Ratio, ...]:
    """Return flips of every outcome: claimed, no difference, withheld."""
    durable: dict[str, Any] = {"before": "synchronous_commit on", "after": "synchronous_commit off"}
    return (
        ratio(POSTGRESQL, "A/A", 1.0),
        ratio(POSTGRESQL, "workers", 1.31, before="2 processes", after="4 processes"),
        ratio(POSTGRESQL, "durability", 1.04, spread=0.015, is_unsafe=True, **durable),
        ratio(POSTGRESQL, "network_delay", 0.44, before="none", after="1 ms"),
        ratio(POSTGRESQL, "polling", 1.003, before="0.5 s", after="1 s"),
        ratio(POSTGRESQL, "history", 1.0, spread=0.3, before="empty", after="a million rows"),
        ratio(SQLITE, "A/A", 1.0, spread=0.015),
        ratio(SQLITE, "durability", 1.52, is_unsafe=True, before="FULL", after="NORMAL"),
        ratio(MARIADB, "A/A", 1.01, spread=0.2),
        ratio(MARIADB, "durability", 1.2, spread=0.25, is_unsafe=True),
    )


def bottlenecks(step: str) -> tuple[Bottleneck, ...]:
    """Return a proven bottleneck and a supported one."""
    evidence = (
        Evidence(name="CPU of the workers", value=1.86, unit="cores", step=step),
        Evidence(name="samples in WALSync", value=0.18, unit="share", step=step),
    )
    suspects = (
        Suspect(
            label="python_cpu",
            confidence="proven",
            utilisation=0.93,
            evidence=evidence[:1],
            flips=("workers",),
        ),
        Suspect(
            label="commit_flush",
            confidence="unknown",
            utilisation=0.21,
            evidence=evidence[1:],
            flips=("durability",),
        ),
    )
    return (
        Bottleneck(
            target=POSTGRESQL.target,
            label="python_cpu",
            confidence="proven",
            sentence="The workers' Python used 93 % of the cores, and more of them raised it.",
            suspects=suspects,
        ),
        Bottleneck(
            target=MARIADB.target,
            label="unknown",
            confidence="unknown",
            sentence="No suspect was busy enough and no flip was stable.",
        ),
    )


def predictions() -> tuple[Prediction, ...]:
    """Return predictions for more cores."""
    basis = "cores divided by the CPU time of one task over all roles but the generator"
    return tuple(
        Prediction(
            target=POSTGRESQL.target,
            cores=cores,
            rate=cores * 1000 / 1.47,
            bound_by="worker",
            basis=basis,
        )
        for cores in (2, 4, 8)
    )


def bystanders(maker: Maker) -> tuple[Bystander, ...]:
    """Return the application's own queries at three loads."""
    made = []
    for share, middle in ((0.0, 1.3), (0.5, 1.7), (0.8, 2.9)):
        rate = 757 * share
        latency = {
            "bystander_read": maker.latency(middle, 0.3),
            "bystander_write": maker.latency(middle * 1.8, 0.4),
        }
        step = maker.step(POSTGRESQL, "bystander", max(rate, 1.0), verdict="measured")
        made.append(
            Bystander(
                target=POSTGRESQL.target, load_share=share, rate=rate, step=step.id, latency=latency
            )
        )
    return tuple(made)
