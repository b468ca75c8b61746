"""The backend for ``TASKS``: Django's tasks as rows of this queue, run by its workers.

Enqueueing joins the caller's transaction. Every enqueue is a task of its own, as Django promises,
unless ``unique`` says otherwise. The id of a result is the id of the row, as text.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from background_task import settings, task_results
from background_task.arguments import encode
from background_task.compat import (
    AnyResult,
    AnyTask,
    BaseTaskBackend,
    InvalidTask,
    InvalidTaskBackend,
    TaskResultDoesNotExist,
    TaskResultStatus,
    normalize_json,
    signals,
)
from background_task.enqueue import Enqueue, enqueue, queue_database
from background_task.exceptions import TaskOptionsError
from background_task.task_options import TaskOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OPTIONS: Final = ("max_attempts", "backoff", "timeout", "unique", "unique_for", "atomic")
_ID_DIGITS: Final = 18


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTask(AnyTask):
    """A task with options of this queue; None leaves one to ``OPTIONS``, and then to the worker.

    Attributes:
        max_attempts: how often it is started before it fails for good.
        backoff: seconds before the second attempt, doubled with each further one; or a function
            of the exception and the TaskResult that returns the seconds, or None to give up.
        timeout: seconds after which an attempt is killed.
        unique: whether an enqueue equal to a live task returns the result of that one.
        unique_for: also for so many seconds after that one completed; implies ``unique``.
        atomic: whether the body and the end of the task are one transaction.
    """

    max_attempts: int | None = None
    backoff: float | Callable[[BaseException, AnyResult], float | None] | None = None
    timeout: float | None = None
    unique: bool | None = None
    unique_for: float | None = None
    atomic: bool | None = None


class DatabaseBackend(BaseTaskBackend):
    """Puts tasks into the queue's tables, and finds their results there."""

    task_class = DatabaseTask
    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def validate_task(self, task: AnyTask) -> None:
        """Raise InvalidTask, with one sentence, for a task that cannot be enqueued."""
        super().validate_task(task)
        try:
            # Without OPTIONS: a mistake there is for the system check, not for each import.
            _merged(task, {})
        except TaskOptionsError as error:
            raise InvalidTask(str(error)) from None

    def task_options(self, task: AnyTask) -> TaskOptions:
        """Return how calls of a task are enqueued and run: its own options, then OPTIONS.

        Raises:
            InvalidTaskBackend: OPTIONS make no sense.
        """
        if self._problem:
            raise InvalidTaskBackend(self._problem)
        return _merged(task, self.options)

    def enqueue(self, task: AnyTask, args: Any, kwargs: Any) -> Any:
        """Write a row in the caller's transaction, and return its TaskResult.

        Raises:
            InvalidTask: the task cannot run here.
            TypeError, ValueError: the arguments cannot be stored.
        """
        self.validate_task(task)
        args, kwargs = normalize_json(args), normalize_json(kwargs)
        row = enqueue(self._request(task, args, kwargs))
        new = functools.partial(task_results.new_result, task, row.pk, args, kwargs)
        if row.is_duplicate:
            # A completed task that was not kept is known by its id only.
            is_known = bool(row.task_name)
            return task_results.of_row(row) if is_known else new(TaskResultStatus.SUCCESSFUL)
        result = new(TaskResultStatus.READY, enqueued_at=task_results.time_of_enqueue(row.pk))
        send = functools.partial(signals.task_enqueued.send_robust, type(self), task_result=result)
        transaction.on_commit(send, using=queue_database().alias)
        return result

    def get_result(self, result_id: str) -> AnyResult:
        """Return the result as the tables have it now.

        Raises:
            TaskResultDoesNotExist: no task of ``django.tasks`` has this id, or none any more.
        """
        text = str(result_id)
        is_id = text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS
        result = task_results.find_result(int(text)) if is_id else None
        if result is None:
            raise TaskResultDoesNotExist(result_id)
        return result

    def check(self, **_: Any) -> list[checks.CheckMessage]:
        """Report what in the project's settings this backend cannot work with."""
        name, found = f"TASKS[{self.alias!r}]", list[checks.CheckMessage]()
        if self._problem:
            hint = f"The keys are {', '.join(OPTIONS)}; see docs/django_tasks.md."
            found.append(checks.Error(self._problem, hint=hint, id="background_task.E010"))
        if not apps.is_installed("background_task"):
            sentence = f"{name} stores its tasks in the tables of an app that is not installed"
            hint = 'Add "background_task" to INSTALLED_APPS and run manage.py migrate.'
            found.append(checks.Error(sentence, hint=hint, id="background_task.E011"))
        elif not _keeps_results():
            sentence = f"{name} has no results of completed tasks, as these are not kept"
            hint = 'Take "KEEP_COMPLETED": False out of BACKGROUND_TASK to have results.'
            found.append(checks.Warning(sentence, hint=hint, id="background_task.W011"))
        return found

    def _request(self, task: AnyTask, args: Any, kwargs: Any) -> Enqueue:
        options = self.task_options(task)
        max_bytes = settings.read().max_params_bytes
        return Enqueue(
            task_name=options.name,
            task_params=encode(options.name, args, kwargs, max_bytes=max_bytes),
            queue=options.queue,
            priority=options.priority or 0,
            run_at=task.run_after or 0.0,
            max_attempts=options.max_attempts,
            timeout_seconds=options.timeout,
            unique=options.unique,
            hold_seconds=options.unique_for,
            backend=self.alias,
        )

    @functools.cached_property
    def _problem(self) -> str:
        """What is wrong with OPTIONS, as a sentence, or nothing."""
        name = f"TASKS[{self.alias!r}]['OPTIONS']"
        for key in self.options:
            if key not in OPTIONS:
                return f"{name} has no key {key!r}"
        try:
            TaskOptions(name=name, **self.options)
        except TaskOptionsError as error:
            return f"{name}: {error.reason}"
        return ""


def _keeps_results() -> bool:
    try:
        return settings.read().keep_completed
    except ImproperlyConfigured:  # another check says so
        return True


def _merged(task: AnyTask, defaults: Mapping[str, Any]) -> TaskOptions:
    # A task that was declared for another backend has none of these options.
    own = {name: getattr(task, name, None) for name in OPTIONS}
    chosen = {**defaults, **{name: value for name, value in own.items() if value is not None}}
    chosen.setdefault("unique", "unique_for" in chosen)
    priority = int(task.priority)
    return TaskOptions(name=task.module_path, queue=task.queue_name, priority=priority, **chosen)
