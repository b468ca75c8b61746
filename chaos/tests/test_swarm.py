"""Swarms: plans by chance, from pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaos.exploration.swarm import draw
from chaos.faults import FAULTS
from chaos.scenarios import SCENARIOS

if TYPE_CHECKING:
    from chaos.plan import Plan

PIECES = list(SCENARIOS.values())


def test_the_same_seed_draws_the_same_swarm() -> None:
    """So a finding has a name; another seed draws another one."""
    assert draw(7, PIECES) == draw(7, PIECES)
    assert len({str(draw(seed, PIECES).strikes) for seed in range(20)}) > 10


@pytest.mark.parametrize("seed", range(20))
def test_a_swarm_holds_together(seed: int) -> None:
    """Triggers are tasks of the plan, faults are known, and calls are in the order of time."""
    plan = draw(seed, PIECES)
    keys = {call.key for call in plan.calls}
    assert {strike.on_start_of for strike in plan.strikes} <= {None, *keys}
    assert {strike.fault for strike in plan.strikes} <= FAULTS.keys()
    times = [call.at_seconds for call in plan.calls]
    assert times == sorted(times)
    assert plan.length_seconds >= times[-1]


def test_pieces_do_not_share_tasks() -> None:
    """Two pieces of one scenario would else be each other's duplicates."""
    pair = next(plan for plan in (draw(seed, PIECES[:2]) for seed in range(50)) if _is_pair(plan))
    assert {call.key.partition("-")[0] for call in pair.calls} == {"0", "1"}


def test_swarms_differ_in_size_and_in_overlap() -> None:
    """One fault alone, and several at once; a swarm of everything hides the rare."""
    sizes = {len({call.key[0] for call in draw(seed, PIECES).calls}) for seed in range(60)}
    assert {1, 2} <= sizes


@pytest.mark.parametrize("seed", range(10))
def test_each_swarm_has_a_scenario_of_ones_own(seed: int) -> None:
    """Whoever brings tasks wants to see them hit."""
    own = [SCENARIOS["poison"]]
    others = [each for each in PIECES if each.name != "poison"]
    kinds = {call.kind for call in own[0].plan(7).calls}
    assert kinds <= {call.kind for call in draw(seed, others, own).calls}
    assert draw(seed, [], own).calls


def test_a_swarm_of_nothing_is_refused() -> None:
    """With a sentence, where no scenario has anything to do."""
    with pytest.raises(ValueError, match="a swarm needs a scenario"):
        draw(7, [])


def _is_pair(plan: Plan) -> bool:
    return len({call.key[0] for call in plan.calls}) == 2
