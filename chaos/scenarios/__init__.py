"""The scenarios by name: each makes a plan from a seed."""

from __future__ import annotations

from chaos.scenarios.poison import POISON
from chaos.scenarios.scenario import Scenario
from chaos.scenarios.sigkill_everything import SIGKILL_EVERYTHING
from chaos.scenarios.sigkill_mid_task import SIGKILL_MID_TASK

__all__ = ["SCENARIOS", "Scenario"]

SCENARIOS = {scenario.name: scenario for scenario in (SIGKILL_MID_TASK, SIGKILL_EVERYTHING, POISON)}
