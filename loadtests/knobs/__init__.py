"""Interventions: one setting changed for a step and put back, to see whether the capacity moves."""

from loadtests.knobs.knob import Change, Knob, KnobError
from loadtests.knobs.registry import KNOBS, applied, knob_named

__all__ = ["KNOBS", "Change", "Knob", "KnobError", "applied", "knob_named"]
