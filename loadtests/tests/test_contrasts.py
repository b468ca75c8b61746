"""Contenders are compared with the reference of the same block, and with nothing else."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from loadtests.experiments.contrasts import A_A, METRICS, contrasts
from loadtests.tests.test_analysis_steps import latency, step
from reports.load_steps import Backlog, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.load_schema import Ratio
    from reports.load_steps import Step

OURS = "background_task on postgresql"
THEIRS = "celery-redis-off-late"
TITLES = {OURS: "The reference", THEIRS: "Celery"}
BLOCKS = 5


def cell(label: str, block: int, factor: float = 1.0, **changes: Any) -> Iterator[Step]:
    """Yield the two steps of a cell whose figures are all ``factor`` times the usual ones."""
    name = label.replace("/", "")
    target = Target(contender=THEIRS if label == THEIRS else "background_task", database=None)
    usual = step(
        target=target,
        arm=label,
        block=block,
        latency={"service": latency(2.0 * factor), "end_to_end": latency(20.0 * factor)},
        per_task={"cpu_ms_worker": 2.0 * factor, "cpu_ms_database": 1.0 * factor, "commits": 9.0},
        goodput=300.0 * factor,
        backlog=Backlog(start=0, end=9, slope_per_s=1.0, drain_rate=500.0 * factor),
    )
    for part in ("rate", "burst"):
        yield dataclasses.replace(usual, id=f"{name}-{part}-b{block}", **changes)


def blocks(factor: float) -> list[Step]:
    """Return five whole blocks."""
    return [
        found
        for block in range(BLOCKS)
        for label, times in ((OURS, 1.0), (A_A, 1.0), (THEIRS, factor))
        for found in cell(label, block, times)
    ]


def by_metric(found: tuple[Ratio, ...], name: str) -> dict[str, Ratio]:
    """Return the ratios of one name."""
    return {each.metric: each for each in found if each.name == name}


def test_every_metric_is_compared_with_its_control_first() -> None:
    """The report reads the control before it believes the others."""
    found = contrasts(blocks(2.0), OURS, TITLES, seed=1)

    assert [(each.metric, each.name) for each in found] == [
        (metric, name) for metric in METRICS for name in (A_A, THEIRS)
    ]


def test_a_ratio_is_theirs_divided_by_ours() -> None:
    """Twice everywhere, and the control is 1 everywhere; the sides are named in that order."""
    found = contrasts(blocks(2.0), OURS, TITLES, seed=1)

    theirs, control = by_metric(found, THEIRS), by_metric(found, A_A)
    assert {each.median for each in theirs.values()} == {2.0}
    assert {each.median for each in control.values()} == {1.0}
    assert {each.claim for each in theirs.values()} == {"claimed"}
    assert {(each.before, each.after) for each in theirs.values()} == {("The reference", "Celery")}
    assert {each.target.contender for each in theirs.values()} == {THEIRS}


def test_a_block_pairs_with_itself() -> None:
    """A slow minute hits both sides; mixed up with other blocks it would be an effect."""
    slow = {0: 1.0, 1: 0.93, 2: 1.04, 3: 0.95, 4: 1.0}
    steps = [
        found
        for block, factor in slow.items()
        for label in (THEIRS, A_A, OURS)
        for found in cell(label, block, factor)
    ]

    found = contrasts(steps, OURS, TITLES, seed=1)

    assert {ratio for each in found for ratio in each.ratios} == {1.0}
    assert "claimed" not in {each.claim for each in found}


def test_a_block_that_lacks_a_side_is_no_pair() -> None:
    """An interrupted run has one; four pairs are too few to claim anything."""
    steps = [each for each in blocks(2.0) if (each.block, each.arm) != (2, OURS)]

    found = contrasts(steps, OURS, TITLES, seed=1)

    assert {len(each.ratios) for each in found} == {BLOCKS - 1}
    assert {each.claim for each in found} == {"withheld"}


def test_a_value_that_is_not_known_is_no_pair() -> None:
    """A queue that had drained before the load ended has no drain rate."""
    unknown = Backlog(start=0, end=0, slope_per_s=0.0)
    steps = [
        dataclasses.replace(each, backlog=unknown) if each.arm == THEIRS else each
        for each in blocks(2.0)
    ]

    theirs = by_metric(contrasts(steps, OURS, TITLES, seed=1), THEIRS)

    assert (theirs["drain_rate"].ratios, theirs["drain_rate"].claim) == ((), "withheld")
    assert len(theirs["goodput"].ratios) == BLOCKS


def test_the_cpu_of_a_task_is_that_of_all_roles() -> None:
    """A queue that spends in its broker what another spends in its workers is no cheaper."""
    steps = [
        dataclasses.replace(each, per_task={"cpu_ms_broker": 1.0, "cpu_ms_worker": 5.0})
        if each.arm == THEIRS
        else each
        for each in blocks(1.0)
    ]

    theirs = by_metric(contrasts(steps, OURS, TITLES, seed=1), THEIRS)

    assert theirs["cpu_ms_per_task"].median == 2.0


@pytest.mark.parametrize(("metric", "part"), [("goodput", "rate"), ("end_to_end_p50_ms", "burst")])
def test_latency_is_of_the_moderate_rate_and_throughput_of_the_burst(
    metric: str, part: str
) -> None:
    """What happens in the other part of a cell changes nothing."""
    steps = [each for each in blocks(2.0) if f"-{part}-" not in each.id]

    theirs = by_metric(contrasts(steps, OURS, TITLES, seed=1), THEIRS)
    none = by_metric(
        contrasts([each for each in blocks(2.0) if f"-{part}-" in each.id], OURS, TITLES, seed=1),
        THEIRS,
    )

    assert len(theirs[metric].ratios) == BLOCKS
    assert none[metric].ratios == ()


def test_a_run_that_measured_nothing_compares_nothing() -> None:
    """Ctrl-C in the first block is concluded, too."""
    assert contrasts([], OURS, TITLES, seed=1) == ()
    assert contrasts(list(cell(OURS, 0)), OURS, TITLES, seed=1) == ()
