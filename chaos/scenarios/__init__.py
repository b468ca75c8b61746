"""The scenarios by name: each makes a plan from a seed."""

from __future__ import annotations

from typing import Final

from chaos.scenarios.backlog import BACKLOG
from chaos.scenarios.crash_at_statement import CRASH_AT_STATEMENT
from chaos.scenarios.deploys import ROLLED_BACK, ROLLING_DEPLOY
from chaos.scenarios.heartbeats import DEAF_HEARTBEAT, GIL_HOG, ZOMBIE_TASK
from chaos.scenarios.limits import DESCRIPTORS, MEMORY_LIMIT
from chaos.scenarios.load import BURST_OF_TASKS, HERD, HERD_AT_RESUME, RETRIES_AT_ONCE
from chaos.scenarios.locks import LOCKS, LONG_SNAPSHOT
from chaos.scenarios.network import (
    BLACKHOLE,
    BROKEN_NETWORK,
    LOST_ANSWERS,
    LOST_NOTIFICATIONS,
    SLOW_NETWORK,
)
from chaos.scenarios.outages import (
    DATABASE_PAUSE,
    DATABASE_RESTART,
    DATABASE_SIGKILL,
    SQLITE_WRITER,
)
from chaos.scenarios.periodic import PERIODIC
from chaos.scenarios.poison import POISON
from chaos.scenarios.poison_zoo import POISON_ZOO
from chaos.scenarios.scenario import Scenario, why_not
from chaos.scenarios.sessions import POOL_EXHAUSTED, SESSION_ENDED
from chaos.scenarios.sigkill_everything import SIGKILL_EVERYTHING
from chaos.scenarios.sigkill_mid_task import SIGKILL_MID_TASK
from chaos.scenarios.sigkill_some import SIGKILL_SOME
from chaos.scenarios.statement_errors import STATEMENT_ERRORS
from chaos.scenarios.stops import SIGKILL_AFTER_GRACE, SIGTERM, SIGTERM_TWICE
from chaos.scenarios.transactions import TRANSACTIONS
from chaos.scenarios.wrong_clocks import CLOCK_SKEW, CLOCK_STROBE, DAYLIGHT_SAVING
from chaos.scenarios.zombie import ZOMBIE

__all__ = ["SCENARIOS", "Scenario", "why_not"]

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        # worker
        SIGKILL_MID_TASK,
        SIGKILL_EVERYTHING,
        SIGKILL_SOME,
        SIGTERM,
        SIGTERM_TWICE,
        SIGKILL_AFTER_GRACE,
        CRASH_AT_STATEMENT,
        ZOMBIE,
        ZOMBIE_TASK,
        DEAF_HEARTBEAT,
        GIL_HOG,
        MEMORY_LIMIT,
        DESCRIPTORS,
        POISON,
        POISON_ZOO,
        # database
        DATABASE_RESTART,
        DATABASE_SIGKILL,
        DATABASE_PAUSE,
        SESSION_ENDED,
        STATEMENT_ERRORS,
        LOCKS,
        LONG_SNAPSHOT,
        POOL_EXHAUSTED,
        SQLITE_WRITER,
        # network
        SLOW_NETWORK,
        BROKEN_NETWORK,
        BLACKHOLE,
        LOST_ANSWERS,
        LOST_NOTIFICATIONS,
        # time
        CLOCK_SKEW,
        CLOCK_STROBE,
        DAYLIGHT_SAVING,
        # load and deploys
        PERIODIC,
        TRANSACTIONS,
        BACKLOG,
        HERD,
        HERD_AT_RESUME,
        RETRIES_AT_ONCE,
        BURST_OF_TASKS,
        ROLLING_DEPLOY,
        ROLLED_BACK,
    )
}
