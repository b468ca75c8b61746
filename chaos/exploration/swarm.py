"""Draws a plan by chance from pieces: the scenarios that there are, moved in time and mixed.

A seed takes a few of the scenarios and leaves the others out, so that every swarm has a character
of its own; a swarm of everything would hide the rare behind the frequent. The pieces follow one
another or overlap. The same seed and the same pieces give the same plan.
"""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Final

from chaos.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.plan import Call, Strike
    from chaos.scenarios import Scenario

PIECES: Final = (1, 2, 2, 3, 3, 4)
"""How many scenarios a swarm has; each number is as likely as it is frequent here."""

OVERLAPS: Final = 0.7
"""How often pieces overlap, and do not follow one another."""

LATEST_SECONDS: Final = 4.0
"""The latest beginning of a piece that overlaps with others."""

NAME: Final = "swarm"


def draw(seed: int, scenarios: Sequence[Scenario], own: Sequence[Scenario] = ()) -> Plan:
    """Return the plan of a seed; raises ValueError without scenarios.

    Where somebody brings scenarios of their own, each swarm has one of them.
    """
    if not (scenarios or own):
        raise ValueError("a swarm needs a scenario to take pieces from, and there is none")
    rng = random.Random(f"{NAME}/{seed}")  # noqa: S311 - a plan is no secret
    chosen = rng.sample(scenarios, k=min(rng.choice(PIECES), len(scenarios)))
    if own:
        chosen = [rng.choice(own), *chosen[1:]]
    pieces = [scenario.plan(rng.randrange(1_000_000)) for scenario in chosen]
    starts = _starts(rng, pieces)
    calls = [
        _moved_call(call, number, start)
        for number, (piece, start) in enumerate(zip(pieces, starts, strict=True))
        for call in piece.calls
    ]
    timeouts = [piece.timeout_seconds for piece in pieces if piece.timeout_seconds is not None]
    return Plan(
        scenario=NAME,
        seed=seed,
        workers=rng.randint(1, 4),
        processes=rng.randint(1, 3),
        calls=tuple(sorted(calls, key=lambda call: call.at_seconds)),
        strikes=tuple(
            _moved_strike(strike, number, start)
            for number, (piece, start) in enumerate(zip(pieces, starts, strict=True))
            for strike in piece.strikes
        ),
        # Bodies that need a limit to end must have it; others are quicker than any limit here.
        timeout_seconds=min(timeouts, default=None),
    )


def _starts(rng: random.Random, pieces: Sequence[Plan]) -> list[float]:
    if rng.random() < OVERLAPS:
        return [0.0, *(rng.uniform(0.0, LATEST_SECONDS) for _ in pieces[1:])]
    starts, start = [], 0.0
    for piece in pieces:
        starts.append(start)
        start += piece.length_seconds
    return starts


def _moved_call(call: Call, number: int, start: float) -> Call:
    due = None if call.due_at_seconds is None else call.due_at_seconds + start
    return dataclasses.replace(
        call,
        key=_own(call.key, number),
        at_seconds=call.at_seconds + start,
        due_at_seconds=due,
        repeat_for_seconds=call.repeat_for_seconds + start if call.repeat_seconds else 0.0,
        batch=None if call.batch is None else _own(call.batch, number),
    )


def _moved_strike(strike: Strike, number: int, start: float) -> Strike:
    trigger = None if strike.on_start_of is None else _own(strike.on_start_of, number)
    return dataclasses.replace(strike, on_start_of=trigger, at_seconds=strike.at_seconds + start)


def _own(name: str, number: int) -> str:
    """Return a name that no other piece has."""
    return f"{number}-{name}"
