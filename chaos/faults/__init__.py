"""The faults by name, one a file."""

from __future__ import annotations

from typing import Final

from chaos.faults.bandwidth import BANDWIDTH
from chaos.faults.blackhole import BLACKHOLE
from chaos.faults.clock import CLOCK
from chaos.faults.crash import CRASH
from chaos.faults.cut import CUT
from chaos.faults.database_pause import DATABASE_PAUSE
from chaos.faults.database_restart import DATABASE_RESTART
from chaos.faults.database_sigkill import DATABASE_SIGKILL
from chaos.faults.deaf_heartbeat import DEAF_HEARTBEAT
from chaos.faults.deploy import DEPLOY
from chaos.faults.fault import Fault, NotHealed, NotLanded
from chaos.faults.herd import HERD
from chaos.faults.latency import LATENCY
from chaos.faults.limits import DESCRIPTORS, MEMORY_LIMIT
from chaos.faults.locks import LONG_SNAPSHOT, ROW_LOCKS, TABLE_LOCK
from chaos.faults.lost_answer import LOST_ANSWER
from chaos.faults.lost_notifications import LOST_NOTIFICATIONS
from chaos.faults.poison import POISON
from chaos.faults.pool_exhausted import POOL_EXHAUSTED
from chaos.faults.refuse import REFUSE
from chaos.faults.reset import RESET
from chaos.faults.session_ended import SESSION_ENDED
from chaos.faults.sigkill import SIGKILL
from chaos.faults.sigstop import SIGSTOP
from chaos.faults.sqlite_writer import SQLITE_WRITER
from chaos.faults.statement_error import STATEMENT_ERROR
from chaos.faults.stop_signals import SIGINT, SIGTERM

__all__ = ["FAULTS", "Fault", "NotHealed", "NotLanded"]

FAULTS: Final = {
    fault.name: fault
    for fault in (
        # worker
        SIGKILL,
        SIGSTOP,
        SIGTERM,
        SIGINT,
        CRASH,
        DEAF_HEARTBEAT,
        MEMORY_LIMIT,
        DESCRIPTORS,
        POISON,
        # database
        DATABASE_RESTART,
        DATABASE_SIGKILL,
        DATABASE_PAUSE,
        SESSION_ENDED,
        STATEMENT_ERROR,
        ROW_LOCKS,
        TABLE_LOCK,
        LONG_SNAPSHOT,
        POOL_EXHAUSTED,
        SQLITE_WRITER,
        # network
        LATENCY,
        BANDWIDTH,
        REFUSE,
        RESET,
        BLACKHOLE,
        CUT,
        LOST_ANSWER,
        LOST_NOTIFICATIONS,
        # time
        CLOCK,
        # load and deploys
        HERD,
        DEPLOY,
    )
}
