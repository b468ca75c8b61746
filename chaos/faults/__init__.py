"""The faults by name, one a file."""

from __future__ import annotations

from typing import Final

from chaos.faults.clock import CLOCK
from chaos.faults.deploy import DEPLOY
from chaos.faults.fault import Fault, NotLanded
from chaos.faults.herd import HERD
from chaos.faults.sigkill import SIGKILL
from chaos.faults.sigstop import SIGSTOP

__all__ = ["FAULTS", "Fault", "NotLanded"]

FAULTS: Final = {
    fault.name: fault
    for fault in (
        # worker
        SIGKILL,
        SIGSTOP,
        # database
        # network
        # time
        CLOCK,
        # load and deploys
        HERD,
        DEPLOY,
    )
}
