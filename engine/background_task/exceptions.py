"""Every error of the queue, each with the data that it is about.

::

    BackgroundTaskError
    ├── TaskArgumentsError     these arguments cannot be stored
    ├── TaskOptionsError       these options make no sense
    ├── UnknownTaskError       no function is registered under this name
    └── PidfileInUseError      another process_tasks holds the pidfile

A body raises ``Retry`` or ``Discard`` to say what becomes of its task; these are no errors.
"""

from __future__ import annotations

import datetime

LONGEST_SECONDS = 100 * 365 * 86400.0
"""No pause, window or delay is longer: beyond year 9999 no database and no driver can follow."""


class BackgroundTaskError(Exception):
    """Any error of the queue."""


class TaskArgumentsError(BackgroundTaskError, ValueError):
    """The arguments of a call cannot be stored; nothing was enqueued."""

    def __init__(self, task_name: str, reason: str) -> None:
        super().__init__(f"{task_name} was not enqueued: {reason}")
        self.task_name = task_name
        self.reason = reason


class TaskOptionsError(BackgroundTaskError, ValueError):
    """An option of a task or of its call makes no sense; nothing was enqueued."""

    def __init__(self, task_name: str, reason: str) -> None:
        super().__init__(f"the options of {task_name} make no sense: {reason}")
        self.task_name = task_name
        self.reason = reason


class UnknownTaskError(BackgroundTaskError, LookupError):
    """A row names a function that this process has not registered."""

    def __init__(self, task_name: str) -> None:
        super().__init__(
            f"no task is registered under the name {task_name!r}: was it renamed or removed, "
            "or is its app missing from INSTALLED_APPS?"
        )
        self.task_name = task_name


class PidfileInUseError(BackgroundTaskError):
    """Another living process holds the pidfile."""

    def __init__(self, path: str, pid: str) -> None:
        super().__init__(
            f"process_tasks already runs with pid {pid or 'unknown'}, which holds {path}: "
            "stop it first, or name another --pidfile"
        )
        self.path = path
        self.pid = pid


class InvalidTaskError(BackgroundTaskError):
    """Raised by a body: its task makes no sense; it becomes a failed task, as by ``Discard``."""


class TaskTimeout(BackgroundTaskError, TimeoutError):  # noqa: N818 - the name in Django's proposals
    """What the log of an attempt names when the attempt was killed because of its timeout."""


class Retry(Exception):  # noqa: N818 - it asks for something, it reports no error
    """Raised by a body: end this attempt, and run the task again.

    The attempt stays charged, so a task that always asks ends in the failed tasks.
    """

    def __init__(
        self, reason: str = "", *, after: float | datetime.timedelta | None = None
    ) -> None:
        """Run again ``after`` so many seconds; None is the pause after any failure."""
        seconds = after.total_seconds() if isinstance(after, datetime.timedelta) else after
        if not isinstance(seconds, int | float | None):
            raise TypeError(f"Retry(after={after!r}): the pause is seconds or a timedelta")
        if seconds is not None and not 0 <= seconds <= LONGEST_SECONDS:
            raise ValueError(f"Retry(after={after!r}): the pause is 0 seconds to 100 years")
        super().__init__(reason or "the task asked to run again")
        self.after = seconds


class Discard(Exception):  # noqa: N818
    """Raised by a body: give this task up, whatever attempts are left; it becomes a failed task."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "the task gave itself up")
