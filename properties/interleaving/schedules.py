"""Schedules: in which order the sessions take their steps, and what goes wrong between them.

A policy is a pure choice among the sessions that can go on, so a schedule that is played twice
is the same twice. Which policy finds what, and why there are several: Musuvathi and Qadeer, PLDI
2007 (few preemptions find most races); Burckhardt and others, ASPLOS 2010 (PCT: random priorities
with d change points find each bug of depth d with a known probability).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from hypothesis import strategies as st

from properties.interleaving.faults import (
    ERRORS,
    ClockStep,
    Crash,
    Fault,
    LostConnection,
    Refusal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HORIZON: Final = 24
"""Preemptions, changes and faults are drawn among so many first steps, or gates of a session."""


Chooser: TypeAlias = "Callable[[int, Sequence[int], int | None], int]"
"""Takes the step, the sessions at a gate in ascending order, and who ran; returns who goes next."""


class Policy(Protocol):
    """Who goes next."""

    def begin(self) -> Chooser:
        """Return the choices of one play."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """The sessions run one after the other to their end, but for a few preemptions.

    Attributes:
        order: who runs when nobody does.
        preemptions: pairs of a step and the session that takes over there.
    """

    order: tuple[int, ...]
    preemptions: tuple[tuple[int, int], ...] = ()

    def begin(self) -> Chooser:
        """Return choices: who takes over, else who runs already, else the first of the order."""
        return self._choose

    def _choose(self, step: int, ready: Sequence[int], current: int | None) -> int:
        taking_over = [session for at, session in self.preemptions if at == step]
        running = [] if current is None else [current]
        return next(
            session for session in [*taking_over, *running, *self.order] if session in ready
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Priorities:
    """PCT: the session with the highest priority runs; at a change the running one becomes lowest.

    Attributes:
        order: the sessions, the highest priority first.
        changes: the steps before which a change takes place.
    """

    order: tuple[int, ...]
    changes: tuple[int, ...] = ()

    def begin(self) -> Chooser:
        """Return choices that begin with the priorities of ``order``."""
        order = list(self.order)

        def choose(step: int, ready: Sequence[int], current: int | None) -> int:
            if step in self.changes and current is not None:
                order.remove(current)
                order.append(current)
            return next(session for session in order if session in ready)

        return choose


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Each step has a choice of its own: for uniform schedules, for all of them, and for replay.

    Attributes:
        choices: the index among those ready, step by step; beyond the last one, the first.
    """

    choices: tuple[int, ...]

    def begin(self) -> Chooser:
        """Return the choices of each step."""
        return self._choose

    def _choose(self, step: int, ready: Sequence[int], _: int | None) -> int:
        choice = self.choices[step] if step < len(self.choices) else 0
        return ready[choice % len(ready)]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """An order of steps, and what goes wrong in it."""

    policy: Policy
    faults: tuple[Fault, ...] = ()


def one_after_the_other(sessions: int, *faults: Fault) -> Schedule:
    """Return the schedule without preemptions."""
    return Schedule(policy=Bounded(order=tuple(range(sessions))), faults=faults)


def bounded(sessions: int, *, preemptions: int = 3) -> st.SearchStrategy[Bounded]:
    """Draw few preemptions; they shrink to the fewest."""
    preemption = st.tuples(st.integers(1, HORIZON), st.integers(0, sessions - 1))
    return st.builds(
        Bounded,
        order=st.permutations(range(sessions)).map(tuple),
        preemptions=st.lists(preemption, max_size=preemptions, unique_by=lambda pair: pair[0]).map(
            tuple
        ),
    )


def priorities(sessions: int, *, depth: int = 3) -> st.SearchStrategy[Priorities]:
    """Draw the schedules of PCT."""
    changes = st.lists(st.integers(1, HORIZON), max_size=depth, unique=True)
    return st.builds(
        Priorities,
        order=st.permutations(range(sessions)).map(tuple),
        changes=changes.map(lambda steps: tuple(sorted(steps))),
    )


def uniform(sessions: int) -> st.SearchStrategy[Choices]:
    """Draw every choice by itself."""
    choice = st.integers(0, sessions - 1)
    return st.builds(Choices, choices=st.lists(choice, max_size=2 * HORIZON).map(tuple))


def policies(sessions: int) -> st.SearchStrategy[Policy]:
    """Draw any policy; the simplest is the one with few preemptions."""
    return st.one_of(bounded(sessions), priorities(sessions), uniform(sessions))


def faults(sessions: int) -> st.SearchStrategy[Fault]:
    """Draw one thing that goes wrong."""
    session, gate = st.integers(0, sessions - 1), st.integers(1, HORIZON // 2)
    return st.one_of(
        st.builds(Crash, session=session, gate=gate, after=st.booleans()),
        st.builds(LostConnection, session=session, gate=gate, after=st.booleans()),
        st.builds(Refusal, session=session, gate=gate, error=st.sampled_from(ERRORS)),
        st.builds(ClockStep, step=st.integers(0, HORIZON), seconds=st.sampled_from([5, 60, 3600])),
    )


def schedules(sessions: int, *, most_faults: int = 0) -> st.SearchStrategy[Schedule]:
    """Draw schedules; they shrink to no faults and few preemptions."""
    going_wrong = st.lists(faults(sessions), max_size=most_faults).map(tuple)
    return st.builds(Schedule, policy=policies(sessions), faults=going_wrong)
