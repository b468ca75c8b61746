"""Counts rows and changes in one snapshot, now and then, while no fault is at the database."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from chaos.observation import connected, record_census

if TYPE_CHECKING:
    from engine.databases import Database
    from engine.project.recorder import Recorder
    from engine.subjects import Subject

CENSUS_SECONDS: Final = 0.5


class Census:
    """Takes a census at each ``look`` for which it is time.

    Its connection is closed while a fault disturbs the database: the harness must not wait for
    what it has broken itself.
    """

    def __init__(self, database: Database, subject: Subject, history: Recorder) -> None:
        self._database = database
        self._subject = subject
        self._history = history
        self._next_at = 0.0
        self._stack = contextlib.ExitStack()
        self._connection: Any = None

    def look(self, *, is_disturbed: bool) -> None:
        """Count, unless it was done a moment ago or the database is disturbed."""
        if is_disturbed:
            self.close()
        elif time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + CENSUS_SECONDS
            try:
                self._count()
            # A fault of an instant may have cut the connection: the next look opens another one.
            except Exception:  # noqa: BLE001 - each driver has its own
                self.close()

    def _count(self) -> None:
        if self._connection is None:
            self._connection = self._stack.enter_context(connected(self._database))
        record_census(self._connection, self._subject, self._history)

    def close(self) -> None:
        """Close the connection; another look opens it again."""
        self._connection = None
        # The server may have gone away with it.
        with contextlib.suppress(Exception):
            self._stack.close()
