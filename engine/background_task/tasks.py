"""``@background``: make a function a task, and calls of it rows of the queue."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import inspect
import math
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar, cast, overload

from background_task import settings
from background_task.arguments import encode
from background_task.enqueue import Enqueue, enqueue
from background_task.exceptions import TaskOptionsError, UnknownTaskError

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.models import ScheduledTask

P = ParamSpec("P")
R = TypeVar("R")

NAME_LENGTH: Final = 190
PRIORITIES: Final = range(-(2**31), 2**31)
CALL_OPTIONS: Final = ("schedule", "priority", "queue", "unique")

Schedule = int | float | datetime.timedelta | datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """How calls of a task are enqueued.

    Attributes:
        name: the name that rows carry; renaming it orphans rows that wait.
        schedule: seconds or a timedelta from now, or a point in time; None means now.
        queue: the queue's name.
        priority: higher runs first.
        max_attempts: None leaves it to the worker.
        timeout: seconds, or None to leave it to the worker.
        unique: whether a call equal to a live task is ignored.
    """

    name: str
    schedule: Schedule | None = None
    queue: str = "default"
    priority: int = 0
    max_attempts: int | None = None
    timeout: float | None = None
    unique: bool = True

    def __post_init__(self) -> None:
        for problem in _option_problems(self):
            raise TaskOptionsError(self.name or "a task", problem)


class TaskProxy(Generic[P, R]):
    """A task: calling it enqueues a call of its function.

    A call takes ``schedule=``, ``priority=``, ``queue=`` and ``unique=`` besides the function's own
    arguments, for this one call. It returns the live row: a new one, or the one that it duplicates.
    """

    def __init__(self, function: Callable[P, R], options: TaskOptions) -> None:
        functools.update_wrapper(self, function)
        self.task_function = function
        self.options = options
        self._refuse_reserved_parameters()

    @property
    def name(self) -> str:
        """The registered name."""
        return self.options.name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ScheduledTask:
        """Enqueue a call and return its row.

        Raises:
            TaskArgumentsError: the arguments are not JSON, or too long; nothing was enqueued.
            TaskOptionsError: an option makes no sense; nothing was enqueued.
        """
        arguments: dict[str, Any] = dict(kwargs)
        changes = {name: arguments.pop(name) for name in CALL_OPTIONS if name in arguments}
        options = dataclasses.replace(self.options, **changes) if changes else self.options
        params = encode(self.name, args, arguments, max_bytes=settings.read().max_params_bytes)
        return enqueue(_request(options, params))

    def now(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function here and now; the queue does not learn of it."""
        return self.task_function(*args, **kwargs)

    def __str__(self) -> str:
        return f"TaskProxy({self.name})"

    def _refuse_reserved_parameters(self) -> None:
        for name in inspect.signature(self.task_function).parameters:
            if name in CALL_OPTIONS:
                raise TaskOptionsError(
                    self.name, f"its parameter {name!r} has the name of a call option; rename it"
                )


class Registry(dict[str, TaskProxy[Any, Any]]):
    """The tasks of this process by name."""

    def add(self, proxy: TaskProxy[Any, Any]) -> None:
        """Register a task; raises TaskOptionsError if another function has its name."""
        former = self.get(proxy.name)
        if former is not None and _place(former) != _place(proxy):
            raise TaskOptionsError(
                proxy.name,
                f"{_place(former)} and {_place(proxy)} have the same name; give one a name=",
            )
        self[proxy.name] = proxy

    def find(self, name: str) -> TaskProxy[Any, Any]:
        """Return the task of that name; raises UnknownTaskError if there is none."""
        try:
            return self[name]
        except KeyError:
            raise UnknownTaskError(name) from None


registry: Final = Registry()


@overload
def background(function: Callable[P, R], /) -> TaskProxy[P, R]: ...


@overload
def background(
    name: str | None = None,
    /,
    *,
    schedule: Schedule | None = None,
    queue: str = "default",
    priority: int = 0,
    max_attempts: int | None = None,
    timeout: float | None = None,
    unique: bool = True,
) -> Callable[[Callable[P, R]], TaskProxy[P, R]]: ...


@overload
def background(
    *,
    name: str | None = None,
    schedule: Schedule | None = None,
    queue: str = "default",
    priority: int = 0,
    max_attempts: int | None = None,
    timeout: float | None = None,
    unique: bool = True,
) -> Callable[[Callable[P, R]], TaskProxy[P, R]]: ...


def background(
    function_or_name: Callable[P, R] | str | None = None, /, **options: Any
) -> TaskProxy[P, R] | Callable[[Callable[P, R]], TaskProxy[P, R]]:
    """Make a function a background task.

    Use it bare (``@background``) or with options (``@background(schedule=60)``). The function must
    be importable from a module ``tasks`` of an installed app, so that workers find it.

    Args:
        function_or_name: the function, or the task's name.
        **options: the fields of ``TaskOptions``. The name is the function's module and name if
            it is not given.
    """
    if callable(function_or_name):
        return _register(function_or_name, options)
    if function_or_name is not None:
        options["name"] = function_or_name
    return functools.partial(_register, options=options)


def _register(function: Callable[P, R], options: dict[str, Any]) -> TaskProxy[P, R]:
    default_name = f"{function.__module__}.{function.__qualname__}"
    chosen = {**options, "name": options.get("name") or default_name}
    try:
        proxy = TaskProxy(function, TaskOptions(**chosen))
    except TypeError as error:
        known = ", ".join(field.name for field in dataclasses.fields(TaskOptions))
        raise TaskOptionsError(chosen["name"], f"{error}; the options are {known}") from None
    registry.add(proxy)
    return proxy


def _request(options: TaskOptions, params: str) -> Enqueue:
    return Enqueue(
        task_name=options.name,
        task_params=params,
        queue=options.queue,
        priority=options.priority,
        run_at=_run_at(options.schedule),
        max_attempts=options.max_attempts,
        timeout_seconds=options.timeout,
        unique=options.unique,
    )


def _run_at(schedule: Schedule | None) -> datetime.datetime | float:
    match schedule:
        case None:
            return 0.0
        case datetime.timedelta():
            return schedule.total_seconds()
        case datetime.datetime():
            return schedule
        case _:
            return float(schedule)


def _option_problems(options: TaskOptions) -> list[str]:
    """Return one sentence for each option that makes no sense."""
    checks = {
        f"the name {options.name!r} is not a text of 1 to {NAME_LENGTH} characters": not _is_name(
            options.name
        ),
        f"queue {options.queue!r} is not a text of 1 to {NAME_LENGTH} characters": not _is_name(
            options.queue
        ),
        f"priority {options.priority!r} is not a whole number of 32 bits": not (
            _is_whole(options.priority) and options.priority in PRIORITIES
        ),
        f"max_attempts {options.max_attempts!r} is not a whole number above zero": not (
            options.max_attempts is None
            or (_is_whole(options.max_attempts) and 0 < options.max_attempts < PRIORITIES.stop)
        ),
        f"timeout {options.timeout!r} is not a number of seconds above zero": not (
            options.timeout is None or (_is_seconds(options.timeout) and options.timeout > 0)
        ),
        f"unique {options.unique!r} is neither True nor False": not isinstance(
            options.unique, bool
        ),
        f"schedule {options.schedule!r} is neither seconds, a timedelta nor an aware datetime": (
            not _is_schedule(options.schedule)
        ),
    }
    return [sentence for sentence, wrong in checks.items() if wrong]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_LENGTH


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: object) -> bool:
    return (_is_whole(value) or isinstance(value, float)) and math.isfinite(cast("float", value))


def _is_schedule(value: object) -> bool:
    if isinstance(value, datetime.datetime):
        return value.tzinfo is not None
    return value is None or isinstance(value, datetime.timedelta) or _is_seconds(value)


def _place(proxy: TaskProxy[Any, Any]) -> str:
    return f"{proxy.task_function.__module__}.{proxy.task_function.__qualname__}"
