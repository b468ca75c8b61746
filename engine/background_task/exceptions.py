"""Every error of the queue, each with the data that it is about.

::

    BackgroundTaskError
    ├── TaskArgumentsError     these arguments cannot be stored
    ├── TaskOptionsError       these options make no sense
    ├── UnknownTaskError       no function is registered under this name
    └── PidfileInUseError      another process_tasks holds the pidfile
"""


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
