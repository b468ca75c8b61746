"""All probes of a step: started and stopped together, and asked about the window afterwards."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Self

from loadtests.probes.database import probe_for
from loadtests.probes.host import HostProbe, is_alive
from reports.load_steps import Resources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from engine.databases import Database


_ASK_SECONDS = 2.0


class Probes:
    """A context manager: while it is open, a step's database and host are sampled.

    Args:
        database: the one under load, or None.
        broker_pids: the broker's processes at the top.
        roots: asked twice a second for the processes at the top of the other roles, such as
            generator and worker; this process is the harness unless that is given too.
        folder: where processes keep the pages of ``engine.project.meter``: the value of its
            environment variable.
    """

    def __init__(
        self,
        database: Database | None,
        broker_pids: Sequence[int],
        roots: Callable[[], Mapping[str, Sequence[int]]],
        folder: Path,
    ) -> None:
        self._database = database
        self._database_pids: tuple[int, ...] = ()
        self._ask_after = 0.0
        self._broker_pids = tuple(broker_pids)
        self._roots = roots
        self._host = HostProbe(self._all_roots)
        self._probe = probe_for(database, folder)

    def __enter__(self) -> Self:
        self._host.start()
        self._probe.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._probe.stop()
        self._host.stop()

    def resources(self, begin_ns: int, end_ns: int) -> Resources:
        """Tell what was used within a window of CLOCK_MONOTONIC; ask when the probes are closed."""
        seen = self._probe.resources(begin_ns, end_ns)
        shares = self._host.shares(begin_ns, end_ns)
        return Resources(
            cpu_seconds=self._host.cpu_seconds(begin_ns, end_ns),
            cores=os.cpu_count() or 1,
            steal_share=shares.get("steal"),
            idle_share=shares.get("idle"),
            waits=seen.waits,
            wait_samples=seen.wait_samples,
            statements=seen.statements,
            counters=seen.counters,
        )

    def _all_roots(self) -> dict[str, Sequence[int]]:
        """Tell the roots of all roles; a role without processes is missing."""
        own = {
            "harness": (os.getpid(),),
            "database": self._server_pids(),
            "broker": self._broker_pids,
            **self._roots(),
        }
        return {role: pids for role, pids in own.items() if pids}

    def _server_pids(self) -> tuple[int, ...]:
        """Tell the database's processes, asked again only when the first one is gone.

        Asking may mean asking a container engine; later children are found below their parents.
        """
        is_known = any(map(is_alive, self._database_pids[:1]))
        if self._database is not None and not is_known and time.monotonic() > self._ask_after:
            self._ask_after = time.monotonic() + _ASK_SECONDS
            with contextlib.suppress(Exception):  # it may be ending at this moment
                self._database_pids = self._database.pids()
        return self._database_pids
