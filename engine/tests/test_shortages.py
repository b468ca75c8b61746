"""A machine that has no descriptors left for a while: the worker waits, and goes on."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING, Final

import pytest

from engine.tests.gates import Gates, note, wait_until_empty

if TYPE_CHECKING:
    from engine.tests.workers import Workers

FEW: Final = 4
"""So many are always open: what is closed meanwhile makes no room for what is to be opened."""

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process"),
]


def test_a_worker_outlives_a_shortage_of_descriptors(workers: Workers, gates: Gates) -> None:
    """It can neither wait in a new way nor start a process meanwhile, and does both later."""
    worker = workers.start("--workers=1")
    # Whoever has not worked yet still opens what Python imports late.
    note(str(gates.folder), "before")
    wait_until_empty(worker)
    former = resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (FEW, former[1]))
    for child in worker.children():
        child.kill()
    worker.wait_for("no worker process can be started")
    resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, former)
    note(str(gates.folder), "after")
    wait_until_empty(worker)

    assert worker.stop() == 0
