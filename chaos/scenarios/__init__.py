"""The scenarios by name: each makes a plan from a seed."""

from __future__ import annotations

from typing import Final

from chaos.scenarios.poison import POISON
from chaos.scenarios.scenario import Scenario, why_not
from chaos.scenarios.sigkill_everything import SIGKILL_EVERYTHING
from chaos.scenarios.sigkill_mid_task import SIGKILL_MID_TASK
from chaos.scenarios.zombie import ZOMBIE

__all__ = ["SCENARIOS", "Scenario", "why_not"]

SCENARIOS: Final = {
    scenario.name: scenario for scenario in (SIGKILL_MID_TASK, SIGKILL_EVERYTHING, POISON, ZOMBIE)
}
