"""The engine and the model side by side: every step is taken by both, and they must agree.

``producing``, ``claiming``, ``ending``, ``leasing``, ``serving`` and ``operating`` are the steps.
``side_by_side`` asks after each of them whether the tables (``contents``) are what the model says,
and ``anomalies`` names what is wrong if they are not. ``runs`` takes many steps.
"""

from __future__ import annotations

from hypothesis.stateful import rule

from properties.machine.claiming import TERMS, Claiming
from properties.machine.ending import Ending
from properties.machine.leasing import Leasing
from properties.machine.operating import Operating
from properties.machine.producing import Producing
from properties.machine.serving import Serving
from properties.machine.side_by_side import SideBySide
from properties.machine.steps import Step, steps_of

__all__ = ["TERMS", "QueueMachine"]


class QueueMachine(Serving, Leasing):
    """Producers enqueue, workers claim and end and die, operators interfere, and time passes."""

    @rule(step=steps_of(SideBySide, Producing, Claiming, Ending, Leasing, Serving, Operating))
    def take(self, step: Step) -> None:
        """Take one step."""
        getattr(self, step.name)(**step.arguments)
