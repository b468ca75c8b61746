"""One setting at a time is changed above the knee, in blocks, beside a control."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from engine.contenders import contender_named
from engine.databases import open_database
from loadtests.experiments.flipping import A_A, CONTROL, flip_plans, flip_ratios, turnable
from loadtests.laboratory import Bench
from loadtests.plans import FlipPlan
from loadtests.profile import KneeProfile
from loadtests.tests.test_analysis_steps import knee, step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reports.load_steps import Step

KNOBS = ("durability", "workers")
PROFILE = KneeProfile(name="tiny", flips=FlipPlan(knobs=KNOBS, blocks=5))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give the reference engine on a SQLite file, without tables."""
    with open_database("sqlite", tmp_path) as database:
        contender = contender_named("background_task")
        yield Bench(contender=contender, database=database, broker=None, folder=tmp_path)


def flipped(goodput: Mapping[str, float], blocks: int = 5, **changes: Any) -> list[Step]:
    """Return the steps of some blocks, by the goodput of each arm."""
    return [
        step(
            id=f"flip-{arm.replace('/', '')}-b{block}",
            phase="flip",
            arm=arm,
            block=block,
            offered_rate=1000.0,
            goodput=value,
            **changes,
        )
        for block in range(blocks)
        for arm, value in goodput.items()
    ]


def test_every_block_has_each_arm_once_and_the_control_twice(bench: Bench) -> None:
    """Once as the control, and once as another one that is the same."""
    plans = list(flip_plans(PROFILE, knee(), bench, seed=3))

    per_block = collections.defaultdict(list)
    for plan in plans:
        per_block[plan.block].append(plan.arm)
    assert len(per_block) == 5
    assert {tuple(sorted(arms)) for arms in per_block.values()} == {
        tuple(sorted((CONTROL, A_A, *KNOBS)))
    }
    assert len({plan.id for plan in plans}) == len(plans)
    assert not any("/" in plan.id for plan in plans)


def test_only_the_arm_of_a_knob_turns_it(bench: Bench) -> None:
    """A control with a knob turned would be none; all else is the same."""
    plans = list(flip_plans(PROFILE, knee(), bench, seed=3))

    assert {plan.arm: plan.knob for plan in plans} == {
        CONTROL: "",
        A_A: "",
        **{name: name for name in KNOBS},
    }
    blank = {
        dataclasses.replace(
            plan, id="", arm="", knob="", block=0, seed=0, settings={}, workload={}
        ).arrivals
        for plan in plans
    }
    assert len(blank) == 1


def test_within_a_block_all_arms_get_the_same_arrivals(bench: Bench) -> None:
    """One seed for a block, another one for the next."""
    seeds = {(plan.block, plan.seed) for plan in flip_plans(PROFILE, knee(), bench, seed=3)}

    assert len(seeds) == 5
    assert len({seed for _, seed in seeds}) == 5


def test_flips_are_measured_above_the_knee(bench: Bench) -> None:
    """Below it every arm gets done what it is offered, and no setting shows."""
    rates = {
        rate
        for plan in flip_plans(PROFILE, knee(high=450.0), bench, seed=3)
        for _, rate in plan.arrivals.pieces
    }

    assert min(rates) > 450.0


def test_without_a_knee_or_without_knobs_nothing_is_flipped(bench: Bench) -> None:
    """What was not reached cannot be moved."""
    without = dataclasses.replace(PROFILE, flips=FlipPlan())

    assert list(flip_plans(PROFILE, knee(high=None), bench, seed=3)) == []
    assert list(flip_plans(without, knee(), bench, seed=3)) == []


def test_the_same_seed_gives_the_same_order(bench: Bench) -> None:
    """A run that is taken up again asks for the same steps."""
    first = [plan.id for plan in flip_plans(PROFILE, knee(), bench, seed=3)]

    assert [plan.id for plan in flip_plans(PROFILE, knee(), bench, seed=3)] == first
    assert [plan.id for plan in flip_plans(PROFILE, knee(), bench, seed=4)] != first


def test_a_knob_that_this_database_has_not_is_left_out(bench: Bench) -> None:
    """SQLite has no network to be slow."""
    assert "network_delay" not in turnable(("network_delay", "workers"), bench)
    assert "workers" in turnable(("network_delay", "workers"), bench)


def test_an_effect_is_the_ratio_to_the_control_of_its_block(bench: Bench) -> None:
    """The control with itself comes first, and is 1."""
    steps = flipped({CONTROL: 400.0, A_A: 400.0, "durability": 600.0, "workers": 400.0})

    itself, durability, workers = flip_ratios(PROFILE, steps, bench, seed=3)

    assert (itself.name, itself.median, itself.claim) == (A_A, 1.0, "no difference")
    assert (durability.name, durability.median, durability.claim) == ("durability", 1.5, "claimed")
    assert (workers.median, workers.claim) == (1.0, "no difference")
    assert durability.before != durability.after


def test_a_control_that_was_not_saturated_proves_nothing(bench: Bench) -> None:
    """It got done what it was offered: that is no capacity, and no arm can be above it."""
    steps = flipped({CONTROL: 980.0, A_A: 980.0, "durability": 990.0, "workers": 500.0})

    found = flip_ratios(PROFILE, steps, bench, seed=3)

    assert {each.ratios for each in found} == {()}
    assert {each.claim for each in found} == {"withheld"}


def test_steps_of_the_search_are_no_flips(bench: Bench) -> None:
    """Without a flip there is no ratio at all."""
    assert flip_ratios(PROFILE, [step(), step(id="hold-9", phase="hold")], bench, seed=3) == ()


def test_a_run_that_was_cut_off_in_its_flips_claims_nothing(bench: Bench) -> None:
    """Two blocks are stored, and said to be too few."""
    arms = {CONTROL: 400.0, A_A: 400.0, "durability": 600.0, "workers": 400.0}

    found = flip_ratios(PROFILE, flipped(arms, blocks=2), bench, seed=3)

    assert {each.claim for each in found} == {"withheld"}
    assert all("too few" in each.reason for each in found)
