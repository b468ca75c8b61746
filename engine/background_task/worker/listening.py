"""How an idle worker hears of new tasks: from each database in the way that it offers.

What is heard only says that a look may be worth while. No task depends on it: a worker that hears
nothing looks when something is due that it knows of, and after ``--sleep`` at the latest.
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError, Error

from background_task.databases import CONNECTION_ERRORS
from background_task.notifications import CHANNEL, DEBOUNCE_SECONDS

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

logger = logging.getLogger("background_task")

SHORTEST_SECONDS: Final = 0.005
"""The pause after activity, and the least time between two looks."""

GROWTH: Final = 1.1
"""Each pause is so much longer than the last one, so it is about a tenth of the idle time."""

QUESTION_SECONDS: Final = 0.01
"""SQLite: the longest pause between two questions, each of which costs no look by itself."""

MARGIN_SECONDS: Final = 0.005


def listener_for(database: QueueDatabase, *, notify: bool, sleep_seconds: float) -> Listener:
    """Return the listener that suits the database and the settings."""
    match database.dialect.wakes_by:
        case "notify" if notify:
            return NotificationListener(database, longest_seconds=sleep_seconds)
        case "data_version":
            return DataVersionListener(database, longest_seconds=QUESTION_SECONDS)
        case _:
            return Listener(database, longest_seconds=sleep_seconds)


class Listener:
    """What an idle worker asks whether to look: when its descriptor can be read, or its pause ends.

    This one is for databases that say nothing. It has the worker look soon after activity, and
    then ever less often.
    """

    def __init__(self, database: QueueDatabase, *, longest_seconds: float) -> None:
        self._database = database
        # The asking thread's own, and looked up once: an idle worker asks a hundred times a second.
        self._connection = database.connection
        self._longest_seconds = longest_seconds
        self._pause_seconds = SHORTEST_SECONDS
        self._ask_at = time.monotonic()

    def attend(self) -> None:
        """Begin to listen, if need be: before a look, so that what it does not see is heard.

        Raises what a lost connection raises.
        """

    def note_activity(self) -> None:
        """Expect more soon, since a look has found something."""
        self._pause_seconds = SHORTEST_SECONDS
        self._ask_at = time.monotonic() + SHORTEST_SECONDS

    def descriptor(self) -> int | None:
        """Return what can be read when the database has said something."""
        return None

    def pause_seconds(self) -> float:
        """Return after how many seconds to ask, if the descriptor says nothing before."""
        return max(0.0, self._ask_at - time.monotonic())

    def has_news(self) -> bool:
        """Tell whether to look now. This raises nothing: the look finds out what is wrong."""
        now = time.monotonic()
        if now < self._ask_at:
            return False
        self._pause_seconds = min(self._pause_seconds * GROWTH, self._longest_seconds)
        self._ask_at = now + self._pause_seconds
        return True


class DataVersionListener(Listener):
    """SQLite: a number that changes when another connection commits, whatever it wrote."""

    _known: tuple[object, object] = (None, None)

    def has_news(self) -> bool:
        """Compare with the last answer; the numbers of two connections do not compare."""
        return super().has_news() and self._has_changed()

    def _has_changed(self) -> bool:
        # Django's cursor would make the question several times as dear, and log each one.
        driver: Any = self._connection.connection
        if driver is None:
            return True
        try:
            version = driver.execute("PRAGMA data_version").fetchall()
        except driver.Error:
            return True
        known, self._known = self._known, (driver, version)
        return known != self._known


class NotificationListener(Listener):
    """PostgreSQL: the messages that ``notifications`` sends.

    Each is worth two looks, since its sender keeps quiet about what it enqueues right after it.
    """

    _driver: Any = None
    _is_deaf = False
    _has_heard = False
    _looked_at = -math.inf

    def attend(self) -> None:
        """Listen on the connection, if it is another one than before."""
        self._connection.ensure_connection()
        driver: Any = self._connection.connection
        if driver is self._driver:
            return
        if hasattr(driver, "add_notify_handler"):  # psycopg 3; psycopg2 keeps a list itself
            driver.add_notify_handler(self._note_message)
        self._is_deaf = not self._listen()
        self._driver = driver

    def note_activity(self) -> None:
        """Do nothing: whoever enqueues more says so."""

    def descriptor(self) -> int | None:
        """Return the socket of the connection, if that is the one that listens."""
        is_listening = self._driver and not self._is_deaf and not self._is_replaced()
        return self._driver.fileno() if is_listening else None

    def has_news(self) -> bool:
        """Tell whether to look at what was heard just now, or to look again."""
        if self._is_replaced() or not self._read():
            return True
        now = time.monotonic()
        if self._has_heard:
            self._has_heard = False
            self._ask_at = now + DEBOUNCE_SECONDS + MARGIN_SECONDS
            # However many messages come, the looks keep their distance.
            is_time = now >= self._looked_at + SHORTEST_SECONDS
        elif is_time := now >= self._ask_at:
            self._ask_at = math.inf
        if is_time:
            self._looked_at = now
        return is_time

    def _is_replaced(self) -> bool:
        return self._driver is not self._connection.connection

    def _listen(self) -> bool:
        try:
            self._database.execute(f"LISTEN {CHANNEL}")
        except DatabaseError as error:
            if isinstance(error, CONNECTION_ERRORS):
                raise
            logger.warning("new tasks wait for --sleep: the database refuses LISTEN: %s", error)
            return False
        return True

    def _read(self) -> bool:
        """Take in what has come; tell whether the connection is alive."""
        try:
            with self._connection.wrap_database_errors:
                if hasattr(self._driver, "pgconn"):
                    self._driver.pgconn.consume_input()
                    while self._driver.pgconn.notifies():
                        self._has_heard = True
                elif self._driver is not None:
                    self._driver.poll()
                    self._has_heard |= bool(self._driver.notifies)
                    self._driver.notifies.clear()
        except Error:
            self._driver = None
            return False
        return True

    def _note_message(self, _: object) -> None:
        self._has_heard = True
