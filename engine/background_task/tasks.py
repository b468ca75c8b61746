"""``@background``: make a function a task, and calls of it rows of the queue."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import logging
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar, cast, overload

from django.utils.module_loading import import_string

from background_task import cron_schedule, settings
from background_task.arguments import encode
from background_task.bulk import encode_calls
from background_task.dispatch import send_many
from background_task.enqueue import Enqueue
from background_task.exceptions import TaskOptionsError
from background_task.existing import put
from background_task.registry import registry
from background_task.schedules import Schedule, TaskSchedule
from background_task.task_options import CALL_OPTIONS, TaskOptions

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from background_task.bulk import Call, Enqueued
    from background_task.models import EnqueuedTask
    from background_task.task_options import Backoff

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["TaskProxy", "TaskSchedule", "background"]

LEGACY_NAMES: Final = frozenset({"DBTaskRunner", "Tasks", "autodiscover", "bg_runner", "tasks"})
"""What django-background-tasks 1.2.8 had in this module."""


def __getattr__(name: str) -> Any:
    if name in LEGACY_NAMES:
        return import_string(f"background_task.legacy.runner.{name}")  # it lies above this module
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class TaskProxy(Generic[P, R]):
    """A task: calling it enqueues a call of its function.

    A call takes the keywords of ``CALL_OPTIONS`` besides the function's own arguments, for this
    one call. It returns the live row: a new one, or the one that it duplicates.
    """

    def __init__(self, function: Callable[P, R], options: TaskOptions) -> None:
        functools.update_wrapper(self, function)
        self.task_function = function
        self.options = options
        self._refuse_reserved_parameters()
        self._refuse_other_than_plain()
        if options.cron:
            cron_schedule.check(function, options)

    @property
    def name(self) -> str:
        """The registered name."""
        return self.options.name

    @property
    def schedule(self) -> TaskSchedule:
        """When its calls are due, unless they say otherwise."""
        return TaskSchedule.create(self.options.schedule)

    @property
    def queue(self) -> str:
        """The queue of its calls, unless they say otherwise."""
        return self.options.queue

    @property
    def remove_existing_tasks(self) -> bool:
        """Whether its calls replace equal calls that wait, unless they say otherwise."""
        return self.options.remove_existing_tasks

    @property
    def runner(self) -> Any:
        """What runs rows in this process: a ``DBTaskRunner``."""
        return __getattr__("DBTaskRunner")()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> EnqueuedTask:
        """Enqueue a call and return its row.

        Returns:
            The new row, or the task that the call duplicates (``is_duplicate`` tells), live or
            completed within the idempotency window. None if a ``TaskSchedule`` asked for an equal
            call that waits, and there is one.

        Raises:
            TaskArgumentsError: the arguments are not JSON, or too long; nothing was enqueued.
            TaskOptionsError: an option makes no sense; nothing was enqueued.
        """
        arguments: dict[str, Any] = dict(kwargs)
        given: dict[str, Any] = {
            name: arguments.pop(name) for name in CALL_OPTIONS if name in arguments
        }
        options = self._options_with(given) if given else self.options
        params = encode(self.name, args, arguments, max_bytes=settings.read().max_params_bytes)
        schedule = TaskSchedule.create(options.schedule)
        if given:
            schedule = schedule.merge(TaskSchedule.create(self.options.schedule))
        row = put(request_of(options, schedule, params), options, schedule.action)
        # None is for the legacy actions of a TaskSchedule; all other callers may rely on a row.
        return cast("EnqueuedTask", row)

    def enqueue_many(self, calls: Iterable[Call | Sequence[Any]], **changes: Any) -> list[Enqueued]:
        """Enqueue many calls at once, in one transaction, with the guarantees of single ones.

        Where two of these run at once and have calls in common, the database may end one of them
        as the victim of a deadlock. It is run again, unless the caller is in a transaction: then
        that has to be run again, as after any deadlock. Calls in the same order are in each
        other's way more rarely.

        Args:
            calls: the arguments of each: ``call(...)``, or a tuple of positional ones.
            **changes: options for these calls, as in a single call.

        Returns:
            What became of each call, in their order.

        Raises:
            TaskArgumentsError: some arguments are not JSON, or too long; nothing was enqueued.
            TaskOptionsError: an option makes no sense; nothing was enqueued.
        """
        options = self._options_with(changes)
        max_bytes = settings.read().max_params_bytes
        all_params = encode_calls(self.name, calls, max_bytes=max_bytes)
        schedule = TaskSchedule.create(options.schedule)
        request = request_of(options, schedule, "")
        return send_many(request, all_params, is_atomic=options.atomic)

    def now(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function here and now; the queue does not learn of it."""
        return self.task_function(*args, **kwargs)

    def _options_with(self, given: Mapping[str, Any]) -> TaskOptions:
        """Return its options with those of a call, of which None is left out."""
        changes = {name: value for name, value in given.items() if value is not None}
        try:
            return dataclasses.replace(self.options, **changes)
        except TypeError as error:
            raise _unknown_option(self.name, error) from None

    def __str__(self) -> str:
        return f"TaskProxy({self.name})"

    def _refuse_other_than_plain(self) -> None:
        function = self.task_function
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise TaskOptionsError(
                self.name,
                "calling it would not run it, as it is an async or a generator function; wrap it "
                "in a plain one, with asgiref.sync.async_to_sync if it is async",
            )

    def _refuse_reserved_parameters(self) -> None:
        for name in inspect.signature(self.task_function).parameters:
            if name in CALL_OPTIONS:
                raise TaskOptionsError(
                    self.name, f"its parameter {name!r} has the name of a call option; rename it"
                )


@overload
def background(
    function: Callable[P, R],
    /,
    schedule: Schedule = None,
    queue: str | None = None,
    remove_existing_tasks: bool = False,
) -> TaskProxy[P, R]: ...


@overload
def background(
    name: str | None = None,
    schedule: Schedule = None,
    queue: str | None = None,
    remove_existing_tasks: bool = False,
    *,
    priority: int | None = None,
    max_attempts: int | None = None,
    timeout: float | None = None,
    backoff: float | Backoff | None = None,
    unique: bool = True,
    unique_for: float | None = None,
    atomic: bool = False,
    repeat: int = 0,
    repeat_until: datetime.datetime | None = None,
    cron: str = "",
    catch_up: bool = False,
    verbose_name: str = "",
) -> Callable[[Callable[P, R]], TaskProxy[P, R]]: ...


def background(
    name: Callable[P, R] | str | None = None,
    schedule: Schedule = None,
    queue: str | None = None,
    remove_existing_tasks: bool = False,
    **options: Any,
) -> TaskProxy[P, R] | Callable[[Callable[P, R]], TaskProxy[P, R]]:
    """Make a function a background task.

    Use it bare (``@background``) or with options (``@background(schedule=60)``). The function must
    be importable from a module ``tasks`` of an installed app, so that workers find it.

    Args:
        name: the task's name, or the function. The default is the function's module and name.
        schedule: when its calls are due.
        queue: the queue's name; None is the queue ``default``.
        remove_existing_tasks: whether a call replaces the equal calls that wait.
        **options: the other fields of ``TaskOptions``.
    """
    function = name if callable(name) else None
    options |= {
        "name": None if function else name,
        "schedule": schedule,
        "queue": "default" if queue is None else queue,
    }
    options["remove_existing_tasks"] = remove_existing_tasks
    return (
        _register(function, options) if function else functools.partial(_register, options=options)
    )


def _register(function: Callable[P, R], options: dict[str, Any]) -> TaskProxy[P, R]:
    if not hasattr(function, "__qualname__"):
        raise TypeError(f"background is for functions, and {function!r} is none; wrap it in one")
    default_name = f"{function.__module__}.{function.__qualname__}"
    chosen = {**options, "name": options.get("name") or default_name}
    try:
        proxy = TaskProxy(function, TaskOptions(**chosen))
    except TypeError as error:
        raise _unknown_option(chosen["name"], error) from None
    registry.add(proxy)
    return proxy


def _unknown_option(name: str, error: TypeError) -> TaskOptionsError:
    known = ", ".join(field.name for field in dataclasses.fields(TaskOptions))
    return TaskOptionsError(name, f"{error}; the options are {known}")


def request_of(options: TaskOptions, schedule: TaskSchedule, params: str) -> Enqueue:
    """Return what to write into the queue for a call with these options and arguments."""
    return Enqueue(
        task_name=options.name,
        task_params=params,
        queue=options.queue,
        priority=schedule.priority if options.priority is None else options.priority,
        run_at=schedule.delay,
        max_attempts=options.max_attempts,
        timeout_seconds=options.timeout,
        unique=options.unique,
        hold_seconds=options.unique_for,
        repeat=options.repeat,
        repeat_until=options.repeat_until,
        catch_up=options.catch_up,
        verbose_name=options.verbose_name,
        creator=options.creator,
    )
