"""How the supervisor bears a database that is away, busy, or gives up on a transaction."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Final

from background_task.databases import CONNECTION_ERRORS

if TYPE_CHECKING:
    from django.db import Error

    from background_task.databases import QueueDatabase

logger = logging.getLogger("background_task")

SHORTEST_SECONDS: Final = 0.05
LONGEST_SECONDS: Final = 2.0


class Outage:
    """Leaves a database that failed alone for a while, longer each time, until it answers.

    Attributes:
        retry_at: not to be asked before this time of the monotonic clock.
    """

    def __init__(self, database: QueueDatabase) -> None:
        self.retry_at = time.monotonic()
        self._database = database
        self._pause_seconds = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the database failed and has not answered since."""
        return self._pause_seconds > 0

    def note_error(self, error: Error) -> None:
        """Plan the next try; raises the error if trying again would not help."""
        is_transient = self._database.dialect.is_transient(error)
        if not is_transient and not isinstance(error, CONNECTION_ERRORS):
            raise error
        if not is_transient:
            if not self.is_on:
                logger.error("lost the database, trying again until it is back: %s", error)
            self._database.connection.close()
        doubled = max(self._pause_seconds * 2, SHORTEST_SECONDS)
        self._pause_seconds = min(doubled, LONGEST_SECONDS)
        spread = random.uniform(0.5, 1.0)  # noqa: S311 - spread, not secrecy
        self.retry_at = time.monotonic() + self._pause_seconds * spread

    def note_answer(self) -> None:
        """End the outage, if there is one."""
        if self.is_on:
            logger.warning("the database answers again")
            self._pause_seconds = 0.0
