"""What a worker tells about itself: its row among the workers, and what it has counted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import Error

from background_task.monitoring import workers

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from background_task.models import Worker
    from background_task.monitoring.observations import Observations
    from background_task.worker.options import Options

logger = logging.getLogger("background_task")


class Presence:
    """The row of this worker, from its first sign of life until it leaves."""

    def __init__(
        self, database: QueueDatabase, options: Options, observations: Observations
    ) -> None:
        self._database = database
        self._options = options
        self._observations = observations
        self._worker: Worker | None = None

    def renew(self) -> None:
        """Give a sign of life, and add what was counted since the last one."""
        if self._worker is None:
            terms = self._options.terms
            self._worker = workers.register(
                self._database,
                terms.owner,
                terms.queues,
                self._options.workers,
                terms.lease_seconds,
            )
        else:
            workers.beat(self._database, self._worker)
        self._observations.flush(self._database)

    def leave(self) -> None:
        """Say goodbye, if the database is there to hear it."""
        try:
            self._observations.flush(self._database)
            if self._worker is not None:
                workers.sign_off(self._database, self._worker)
        except Error as error:
            logger.warning("left without saying so, as the database does not answer: %s", error)
