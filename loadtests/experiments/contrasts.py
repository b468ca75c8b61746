"""What the cells of a comparison say of each contender, against the reference of the same block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadtests.analysis.statistics import ClaimRule, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reports.load_schema import Ratio
    from reports.load_steps import Step

A_A: Final = "A/A"

RULE: Final = ClaimRule(spread=1.5)
"""Cells take seconds, and queues differ by multiples: arms may vary more than those of flips."""

Values = dict[tuple[int, str], float]


def _goodput(step: Step) -> float | None:
    return step.goodput


def _drain_rate(step: Step) -> float | None:
    return step.backlog.drain_rate


def _enqueue_ms(step: Step) -> float | None:
    return step.latency["service"].p50_ms


def _end_to_end_ms(step: Step) -> float | None:
    return step.latency["end_to_end"].p50_ms


def _cpu_ms(step: Step) -> float | None:
    costs = [cost for name, cost in step.per_task.items() if name.startswith("cpu_ms_")]
    return sum(costs) if costs else None


METRICS: Final[Mapping[str, tuple[str, Callable[[Step], float | None]]]] = {
    "drain_rate": ("burst", _drain_rate),
    "goodput": ("burst", _goodput),
    "enqueue_p50_ms": ("rate", _enqueue_ms),
    "end_to_end_p50_ms": ("rate", _end_to_end_ms),
    "cpu_ms_per_task": ("rate", _cpu_ms),
}
"""By name: the part of a cell that it is taken from, and how."""


def contrasts(
    steps: Sequence[Step], reference: str, titles: Mapping[str, str], seed: int
) -> tuple[Ratio, ...]:
    """Compare every contender with the reference, metric by metric, the A/A control first."""
    targets = {step.arm: step.target for step in steps}
    found: list[Ratio] = []
    for metric, (part, measure) in METRICS.items():
        values = _values(steps, part, measure)
        itself: Ratio | None = None
        for label in (A_A, *titles):
            if label == reference or label not in targets:
                continue
            compared = ratio(
                label if label == A_A else targets[label].contender,
                metric,
                _pairs(values, reference, label),
                target=targets[label],
                before=titles[reference],
                after=titles.get(label, titles[reference]),
                control=itself,
                rule=RULE,
                seed=seed,
            )
            itself = itself or compared
            found.append(compared)
    return tuple(found)


def _pairs(values: Values, reference: str, label: str) -> list[tuple[float, float]]:
    """Return (reference, other) of every block that has both."""
    blocks = sorted(block for block, arm in values if arm == label)
    return [
        (values[block, reference], values[block, label])
        for block in blocks
        if (block, reference) in values
    ]


def _values(steps: Sequence[Step], part: str, measure: Callable[[Step], float | None]) -> Values:
    return {
        (step.block, step.arm): value
        for step in steps
        if step.block is not None
        and f"-{part}-b" in step.id
        and (value := measure(step)) is not None
    }
