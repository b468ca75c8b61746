"""The process behind ``process_tasks``: it claims batches and hands tasks to its children.

One thread, one loop, one database connection. The loop never waits for a child, so it renews
leases and notices deaths whatever the tasks do.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from background_task.exceptions import BackgroundTaskError
from background_task.monitoring.observations import Observations
from background_task.worker.crew import Crew
from background_task.worker.desk import Desk
from background_task.worker.holdings import Holdings
from background_task.worker.presence import Presence
from background_task.worker.wakeups import Wakeups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.databases import QueueDatabase
    from background_task.worker.options import Options

logger = logging.getLogger("background_task")


class Supervisor:
    """The loop: children work, the desk talks to the database, and a signal ends it."""

    def __init__(self, database: QueueDatabase, options: Options) -> None:
        self._options = options
        self._wakeups = Wakeups()
        holdings, observations = Holdings(), Observations()
        self._presence = Presence(database, options, observations)
        self._crew = Crew(database, options, holdings, observations, self._wakeups.doorbell)
        self._desk = Desk(database, options, holdings, self._crew, self._presence)
        duration = options.duration_seconds
        self._stop_at = time.monotonic() + duration if duration else None
        self._stopping_since: float | None = None

    def run(self) -> None:
        """Work until told to stop or until the duration is over; then finish what runs.

        Raises:
            BackgroundTaskError: at the end, if the database stayed away and ends of tasks could
                not be written; those tasks run again when their leases are over.
        """
        with self._wakeups:
            try:
                while not self._is_done():
                    self._turn()
                self._presence.leave()
            finally:
                self._crew.bury_all()

    def _turn(self) -> None:
        if self._stopping_since is None:
            self._crew.spawn_missing()
            self._crew.hand_out()
        seconds = self._seconds_to_wait()
        if self._wakeups.wait(self._crew.children, seconds, self._desk.listener()):
            self._desk.look_now()
        self._desk.give_up_lost_leases()
        self._crew.listen()
        self._crew.bury_dead()
        self._obey_stop()
        self._crew.enforce_timeouts()
        self._desk.talk()

    def _obey_stop(self) -> None:
        now = time.monotonic()
        is_over = self._stop_at is not None and now >= self._stop_at
        if self._stopping_since is None and (is_over or self._wakeups.stop_requests):
            self._stopping_since = now
            self._desk.may_claim = False
            logger.info("stopping: waiting for what runs")
        if self._stopping_since is not None:
            self._crew.return_unstarted()
            if self._wakeups.stop_requests > 1:
                self._crew.interrupt()

    def _is_done(self) -> bool:
        if self._stopping_since is None:
            return False
        held = self._desk.held()
        if self._desk.outage.is_on and self._has_waited_for_database(self._stopping_since):
            raise BackgroundTaskError(
                f"stopped while the database was away: {len(held)} tasks could not be "
                "written and will run again when their leases are over"
            )
        return not held

    def _has_waited_for_database(self, since: float) -> bool:
        waited = time.monotonic() - since
        return not self._crew.claims() and waited > self._options.terms.lease_seconds

    def _seconds_to_wait(self) -> float:
        return max(0.0, min(self._appointments()) - time.monotonic())

    def _appointments(self) -> Iterator[float]:
        """Yield the times at which something has to be done, if nothing happens before."""
        is_stopping = self._stopping_since is not None
        yield from self._desk.appointments()
        yield from self._crew.appointments(is_stopping=is_stopping)
        if self._stop_at is not None and not is_stopping:
            yield self._stop_at
