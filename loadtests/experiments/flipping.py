"""Changes one setting at a time, above the knee, and compares what the queue gets done.

Every block runs the control twice: as the control, and as a second control, which says how much two
runs of the same thing differ here and now (A/A).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadtests.analysis.statistics import abba_order, ratio
from loadtests.knobs import KNOBS, knob_named
from loadtests.measuring import StepPlan, steady

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from loadtests.knobs import Change
    from loadtests.laboratory import Bench
    from loadtests.profile import KneeProfile
    from reports.load_schema import Knee, Ratio
    from reports.load_steps import Step

PHASE: Final = "flip"
CONTROL: Final = "control"
A_A: Final = "A/A"
METRIC: Final = "goodput"
OVERLOAD: Final = 1.75
"""Flips are measured at so many times the high end of the bracket: what gets done then is the
capacity, whichever side of it the setting moves it to."""

SATURATED_SHARE: Final = 0.97
"""A control that gets more than this done of what it was offered was not at its capacity."""


def flip_plans(profile: KneeProfile, knee: Knee, bench: Bench, seed: int) -> Iterator[StepPlan]:
    """Yield the steps of all flips, interleaved; none if there is no knee to move."""
    knobs = turnable(profile.flips.knobs, bench)
    if knee.high is None or not knobs:
        return
    flips = profile.flips
    seconds = flips.warmup_seconds + flips.window_seconds
    for block, arm in abba_order((CONTROL, A_A, *knobs), flips.blocks, seed):
        yield StepPlan(
            id=f"flip-{arm.replace('/', '')}-b{block}",
            phase=PHASE,
            arrivals=steady(OVERLOAD * knee.high, profile.spacing, seconds),
            warmup_seconds=flips.warmup_seconds,
            window_seconds=flips.window_seconds,
            workload=profile.workload.to_document(),
            workers=profile.workers,
            settings=profile.settings(),
            seed=seed + block,
            block=block,
            arm=arm,
            knob=arm if arm in KNOBS else "",
        )


def turnable(names: Sequence[str], bench: Bench) -> tuple[str, ...]:
    """Return the knobs that can be turned here."""
    return tuple(
        name for name in names if knob_named(name).is_applicable(bench.contender, bench.database)
    )


def flip_ratios(
    profile: KneeProfile, steps: Sequence[Step], bench: Bench, seed: int
) -> tuple[Ratio, ...]:
    """Compare each knob with the control of its block; first comes the control with itself."""
    found = {(step.block, step.arm): step for step in steps if step.phase == PHASE}
    if not found:
        return ()
    target = bench.target()
    pairs = _pairs(found, A_A)
    itself = ratio(A_A, METRIC, pairs, target=target, before="", after="", seed=seed)
    ratios = [itself]
    for name in turnable(profile.flips.knobs, bench):
        change = _change(name, profile, bench)
        compared = ratio(
            name,
            METRIC,
            _pairs(found, name),
            target=target,
            before=change.before,
            after=change.after,
            control=itself,
            seed=seed,
            is_unsafe=change.is_unsafe,
        )
        ratios.append(compared)
    return tuple(ratios)


def _pairs(found: Mapping[tuple[int | None, str], Step], arm: str) -> list[tuple[float, float]]:
    """Return the goodput of (control, arm) of every block in which the control was saturated."""
    blocks = sorted(block for block, name in found if name == arm and block is not None)
    controls = [(block, found[block, CONTROL]) for block in blocks if (block, CONTROL) in found]
    return [
        (control.goodput, found[block, arm].goodput)
        for block, control in controls
        if control.goodput < SATURATED_SHARE * control.offered_rate
    ]


def _change(name: str, profile: KneeProfile, bench: Bench) -> Change:
    with bench.scratch(f"describe-{name}", profile.workers, profile.settings()) as site:
        return knob_named(name).change(site, profile.workload.to_document())
