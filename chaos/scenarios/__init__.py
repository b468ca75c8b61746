"""The scenarios by name: each makes a plan from a seed."""

from __future__ import annotations

from typing import Final

from chaos.scenarios.deploys import ROLLED_BACK, ROLLING_DEPLOY
from chaos.scenarios.load import BURST_OF_TASKS, HERD, HERD_AT_RESUME, RETRIES_AT_ONCE
from chaos.scenarios.poison import POISON
from chaos.scenarios.scenario import Scenario, why_not
from chaos.scenarios.sigkill_everything import SIGKILL_EVERYTHING
from chaos.scenarios.sigkill_mid_task import SIGKILL_MID_TASK
from chaos.scenarios.wrong_clocks import CLOCK_SKEW, CLOCK_STROBE, DAYLIGHT_SAVING
from chaos.scenarios.zombie import ZOMBIE

__all__ = ["SCENARIOS", "Scenario", "why_not"]

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        # worker
        SIGKILL_MID_TASK,
        SIGKILL_EVERYTHING,
        POISON,
        ZOMBIE,
        # database
        # network
        # time
        CLOCK_SKEW,
        CLOCK_STROBE,
        DAYLIGHT_SAVING,
        # load and deploys
        HERD,
        HERD_AT_RESUME,
        RETRIES_AT_ONCE,
        BURST_OF_TASKS,
        ROLLING_DEPLOY,
        ROLLED_BACK,
    )
}
