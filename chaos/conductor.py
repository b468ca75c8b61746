"""Carries out the strikes of a plan: each at its moment, healed at its time, proven or not."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
from typing import TYPE_CHECKING, Any, Final

from chaos.faults import FAULTS, NotHealed, NotLanded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.arena import Arena
    from chaos.faults import Fault
    from chaos.faults.fault import Proof
    from chaos.plan import Strike
    from reports.schema import Op

PATIENCE_SECONDS: Final = 8.0
"""On a busy machine what a fault waits for may come late."""


@dataclasses.dataclass(slots=True, kw_only=True)
class _Active:
    """A fault that is at work; ``proof`` is None from when it has been seen to land."""

    name: str
    fault: Fault
    heal_at: float
    stack: contextlib.ExitStack
    proof: Proof | None


class Conductor:
    """The strikes of one run; ``step`` is called again and again, ``heal`` at the end."""

    def __init__(self, arena: Arena, faults: Mapping[str, Fault] = FAULTS) -> None:
        """Take the strikes of the arena's plan; their times count from now."""
        self._arena = arena
        self._faults = faults
        self._begun = time.monotonic()
        self._waiting = list(arena.plan.strikes)
        self._struck: set[int] = set()
        self._active: list[_Active] = []
        self._number = 0

    @property
    def is_over(self) -> bool:
        """Whether every strike was triggered and every fault healed."""
        return len(self._struck) == len(self._waiting) and not self._active

    @property
    def disturbs_database(self) -> bool:
        """Whether a fault that is at work disturbs the database, or one is about to."""
        faults = [active.fault for active in self._active]
        due = [
            self._faults[strike.fault]
            for index, strike in enumerate(self._waiting)
            if index not in self._struck and strike.on_start_of is None and self._is_due(strike)
        ]
        return any(fault.disturbs == "database" for fault in (*faults, *due))

    def step(self) -> None:
        """Strike what is due, note what has landed, heal what has lasted long enough."""
        starts = list(self._arena.bodies.new_starts())
        for index, strike in enumerate(self._waiting):
            if strike.on_start_of is None:
                if index not in self._struck and self._is_due(strike):
                    self._strike(index, strike, None)
                continue
            for start in starts:
                if start.task == strike.on_start_of and self._may_strike_again(index, strike):
                    self._strike(index, strike, start)
        for active in list(self._active):
            self._look(active)
            if self._has_lasted(active):
                self._heal(active)

    def heal(self) -> None:
        """Heal everything in random order, and note what was never triggered."""
        active = list(self._active)
        self._arena.rng.shuffle(active)
        for each in active:
            self._heal(each)
        for index, strike in enumerate(self._waiting):
            if index not in self._struck:
                self._struck.add(index)
                name = self._announce(self._faults[strike.fault], strike.options)
                error = f"{strike.on_start_of or 'its time'} never came, which was to trigger it"
                self._arena.history.write("info", strike.fault, process=name, error=error)

    def _is_due(self, strike: Strike) -> bool:
        return time.monotonic() >= self._begun + strike.at_seconds

    def _has_lasted(self, active: _Active) -> bool:
        """Tell whether its time is up; one that has not landed yet gets a little more."""
        patience = 0.0 if active.proof is None else PATIENCE_SECONDS
        return time.monotonic() >= active.heal_at + patience

    def _may_strike_again(self, index: int, strike: Strike) -> bool:
        return strike.every_start or index not in self._struck

    def _strike(self, index: int, strike: Strike, start: Op | None) -> None:
        self._struck.add(index)
        fault = self._faults[strike.fault]
        name = self._announce(fault, strike.options)
        trigger = {"trigger_pid": int(start.value["pid"])} if start else {}
        options = {**strike.options, **trigger, "name": name}
        with contextlib.ExitStack() as stack:
            try:
                proof = stack.enter_context(fault.inflict(self._arena, options))
            except NotLanded as reason:
                self._arena.history.write("info", fault.name, process=name, error=str(reason))
                return
            active = _Active(
                name=name,
                fault=fault,
                heal_at=time.monotonic() + strike.for_seconds,
                stack=stack.pop_all(),
                proof=proof,
            )
        self._active.append(active)
        self._look(active)

    def _announce(self, fault: Fault, options: Mapping[str, Any]) -> str:
        self._number += 1
        name = f"fault-{self._number}"
        about = {"family": fault.family, "disturbs": fault.disturbs, "colour": fault.colour}
        value = {**about, **options}
        self._arena.history.write("invoke", fault.name, process=name, value=value)
        return name

    def _look(self, active: _Active) -> None:
        """Note that a fault has landed, once."""
        if active.proof is None:
            return
        evidence = active.proof()
        if evidence is not None:
            active.proof = None
            write = self._arena.history.write
            write("ok", active.fault.name, process=active.name, value=dict(evidence))

    def _heal(self, active: _Active) -> None:
        self._active.remove(active)
        write = functools.partial(self._arena.history.write, process=active.name)
        write("invoke", "heal")
        missed, left = "", ""
        try:
            active.stack.close()
        except NotLanded as reason:
            missed = str(reason)
        except NotHealed as reason:
            left = str(reason)
        self._look(active)
        if active.proof is not None:
            missed = missed or "it was healed before it was seen to land"
        if missed:
            write("info", active.fault.name, error=missed)
        write("info" if left else "ok", "heal", error=left or None)
