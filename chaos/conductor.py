"""Carries out the strikes of a plan: each at its moment, healed at its time, proven or not."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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


class _Due(NamedTuple):
    """A strike that was triggered, by the start of a body or by the time."""

    strike: Strike
    start: Op | None


class Conductor:
    """The strikes of one run; ``step`` is called again and again, ``heal`` at the end."""

    def __init__(self, arena: Arena, faults: Mapping[str, Fault] = FAULTS) -> None:
        """Take the strikes of the arena's plan; their times count from now."""
        self._arena = arena
        self._faults = faults
        self._begun = time.monotonic()
        self._waiting = list(arena.plan.strikes)
        self._triggered: set[int] = set()
        self._pending: list[_Due] = []
        self._active: list[_Active] = []
        self._number = 0

    @property
    def is_over(self) -> bool:
        """Whether every strike was triggered and every fault healed."""
        is_struck = len(self._triggered) == len(self._waiting) and not self._pending
        return is_struck and not self._active

    @property
    def disturbs_database(self) -> bool:
        """Whether a fault that is at work disturbs the database, or one is about to."""
        timed = [
            strike
            for index, strike in enumerate(self._waiting)
            if index not in self._triggered and strike.on_start_of is None and self._is_due(strike)
        ]
        coming = (*timed, *(due.strike for due in self._pending))
        faults = [active.fault for active in self._active]
        faults += [self._faults[strike.fault] for strike in coming]
        return any(fault.disturbs == "database" for fault in faults)

    def step(self) -> None:
        """Strike what is due, note what has landed, heal what has lasted long enough."""
        self._pending += self._newly_due()
        for due in list(self._pending):
            if self._is_its_turn(due.strike):
                self._pending.remove(due)
                self._strike(due.strike, due.start)
        for active in list(self._active):
            self._look(active)
            if self._has_lasted(active):
                self._heal(active)

    def heal(self) -> None:
        """Heal everything in random order, and note what never struck.

        One that cannot be healed keeps no other from being healed.
        """
        self._note_misses()
        active = list(self._active)
        self._arena.rng.shuffle(active)
        with contextlib.ExitStack() as healing:
            for each in active:
                healing.callback(self._heal, each)

    def _note_misses(self) -> None:
        for index, strike in enumerate(self._waiting):
            if index not in self._triggered:
                self._triggered.add(index)
                trigger = strike.on_start_of or "its time"
                self._miss(strike, f"{trigger} never came, which was to trigger it")
        for due in self._pending:
            self._miss(due.strike, "other faults were at the server for as long as the run lasted")
        self._pending.clear()

    def _newly_due(self) -> list[_Due]:
        """Return what has been triggered since the last look, in the order of the plan."""
        starts = list(self._arena.bodies.new_starts())
        due: list[_Due] = []
        for index, strike in enumerate(self._waiting):
            for start in self._triggers(strike, starts):
                if strike.every_start or index not in self._triggered:
                    self._triggered.add(index)
                    due.append(_Due(strike, start))
        return due

    def _triggers(self, strike: Strike, starts: list[Op]) -> list[Op | None]:
        if strike.on_start_of is None:
            return [None] if self._is_due(strike) else []
        return [start for start in starts if start.task == strike.on_start_of]

    def _is_its_turn(self, strike: Strike) -> bool:
        """Tell whether it need not wait: to halt for all users of the server, to ask for a halt."""
        uses = {active.fault.server for active in self._active}
        match self._faults[strike.fault].server:
            case "halted":
                return uses <= {"alone"}
            case "asked":
                return "halted" not in uses
        return True

    def _miss(self, strike: Strike, reason: str) -> None:
        name = self._announce(self._faults[strike.fault], strike.options)
        self._arena.history.write("info", strike.fault, process=name, error=reason)

    def _is_due(self, strike: Strike) -> bool:
        return time.monotonic() >= self._begun + strike.at_seconds

    def _has_lasted(self, active: _Active) -> bool:
        """Tell whether its time is up; one that has not landed yet gets a little more."""
        patience = 0.0 if active.proof is None else PATIENCE_SECONDS
        return time.monotonic() >= active.heal_at + patience

    def _strike(self, strike: Strike, start: Op | None) -> None:
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
