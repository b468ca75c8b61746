"""The admin's pages of the queue: look at tasks, and cancel, run now, reprioritise or requeue them.

Lists stay quick with millions of rows: nothing counts or sorts a whole table unless asked to.
"""

from __future__ import annotations

import datetime
import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Case, CharField, FloatField, Q, Value, When
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator

from background_task.dispatch.hand_over import SENT, UNSENT
from background_task.enqueue import queue_database
from background_task.error_texts import naming_line
from background_task.models import (
    AttemptError,
    CompletedTask,
    FailedTask,
    Observation,
    ScheduledTask,
    Worker,
)
from background_task.monitoring import control
from background_task.monitoring.workers import is_alive
from background_task.requeue import requeue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest, HttpResponse

    AnyPaginator = Paginator[Any]
    AnyModelAdmin = admin.ModelAdmin[Any]
else:  # Django's classes are generic for type checkers only
    AnyPaginator = Paginator
    AnyModelAdmin = admin.ModelAdmin

logger = logging.getLogger("background_task")

COUNT_LIMIT: Final = 10_000
NEWEST: Final = 1_000
SHORT: Final = 60
"""Characters of a task's arguments or error in a list."""

_TRACEBACK: Final = '<pre style="white-space: pre-wrap">{}</pre>'


class _FarTime(datetime.datetime):
    """A time for which a local clock may have no name: it is shown in UTC."""

    convert_to_local_time = False  # Django's word for it


class BoundedPaginator(AnyPaginator):
    """Counts up to COUNT_LIMIT and shows pages up to there: a filter finds what is beyond."""

    @cached_property
    def count(self) -> int:
        """The number of rows, or COUNT_LIMIT if there are more."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:COUNT_LIMIT].count()


class _KnownValuesFilter(admin.SimpleListFilter):
    """A filter whose choices come from what workers counted, and from the newest rows.

    To ask the table for its distinct values would read all of it.
    """

    def lookups(self, _: HttpRequest, model_admin: AnyModelAdmin) -> list[tuple[str, str]]:
        alias, name = queue_database().alias, str(self.parameter_name)
        counted = Observation.objects.using(alias).values_list(name, flat=True).distinct()
        rows = model_admin.model._default_manager.using(alias).order_by("-pk")  # noqa: SLF001
        newest = rows.values_list(name, flat=True)[:NEWEST]
        return [(str(v), str(v)) for v in sorted({*counted, *newest, self.value() or ""} - {""})]

    def queryset(self, _: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


class QueueFilter(_KnownValuesFilter):
    """By queue."""

    title = parameter_name = "queue"


class TaskNameFilter(_KnownValuesFilter):
    """By the name of the task."""

    title, parameter_name = "task name", "task_name"


class _ConditionFilter(admin.SimpleListFilter):
    """A filter with a condition for each of its choices."""

    conditions: ClassVar[Mapping[str, Q]]

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in self.conditions]

    def queryset(self, _: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self.conditions.get(self.value() or "", Q()))


class StateFilter(_ConditionFilter):
    """By what a live task does now; ``state`` is annotated by its admin."""

    title = parameter_name = "state"
    conditions: ClassVar = {
        "waiting": Q(lease_until=None, state="waiting"),
        "due": Q(lease_until=None, state="due"),
        "running": Q(lease_until__isnull=False) & ~Q(lease_until__in=[UNSENT, SENT]),
        "handed over": Q(lease_until__in=[UNSENT, SENT]),
    }


class PeriodicFilter(_ConditionFilter):
    """By whether the end of the task is the beginning of its next run."""

    title = parameter_name = "periodic"
    conditions: ClassVar = {
        "yes": Q(repeat__gt=0) | ~Q(cron=""),
        "no": Q(repeat=0, cron=""),
    }


class _ReadingAdmin(AnyModelAdmin):
    """Shows rows that only the queue writes; what may be done to them is an action of the list."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # Where the queue writes, and not a replica that lags behind.
        return super().get_queryset(request).using(queue_database().alias)

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # It allows the actions of the list. A single row is only ever shown.
        return obj is None and super().has_change_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            for row in context["cl"].result_list:
                _keep_far_times(row)
            if context["cl"].result_count >= COUNT_LIMIT:
                sentence = f"The first {COUNT_LIMIT:,}; a filter or a search finds the rest."
                context["subtitle"] = sentence
        return response

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any | None:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            _keep_far_times(row)
        return row


class _TaskAdmin(_ReadingAdmin):
    """What the pages of live, completed and failed tasks have in common."""

    search_fields = ("task_name", "task_params", "task_hash")
    search_help_text = "Name, arguments or hash; #123 finds the task with that number."
    list_filter: ClassVar[Any] = (QueueFilter, TaskNameFilter)
    readonly_fields: ClassVar[Any] = ("errors_of_attempts",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        # What is asked for most comes first: the state, and what went wrong.
        return sorted(
            super().get_fields(request, obj), key=lambda name: name not in self.readonly_fields
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        sign, number = search_term.strip()[:1], search_term.strip()[1:]
        if sign == "#" and number.isdecimal():
            return queryset.filter(pk=min(int(number), 2**63 - 1)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="arguments")
    def short_arguments(self, task: Any) -> str:
        """Return the beginning of the arguments."""
        return _one_line(task.task_params)

    @admin.display(description="last error")
    def traceback(self, task: Any) -> str:
        """Return the error of the last attempt that failed."""
        return format_html(_TRACEBACK, task.last_error or "none")

    def errors_of_attempts(self, task: Any) -> str:
        """Return the attempts that ended badly, the last one first, each with its traceback."""
        errors = AttemptError.objects.using(queue_database().alias).filter(task_id=task.pk)
        rows = errors.order_by("-id").values_list(
            "attempt", "failed_at", "claimed_by", "exception", "traceback"
        )
        summary = "<details><summary>attempt {}, {}, {}: {}</summary>"
        return format_html_join("", f"{summary}{_TRACEBACK}</details>", rows) or "none"


def _action(change: Callable[..., int], done: str) -> Callable[..., None]:
    """Return the action that changes the chosen tasks, and says how many did not wait."""

    def act(_: AnyModelAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        ids = _ids(queryset)
        changed = change(queue_database(), ids)
        _report(request, changed, done)
        if left := len(ids) - changed:
            messages.warning(request, f"{left:,} left alone: already running, or ended.")

    act.__name__ = change.__name__
    return admin.action(act, permissions=["change"])


@admin.register(ScheduledTask)
class ScheduledTaskAdmin(_TaskAdmin):
    """Live tasks: waiting, due, running, or handed over to a broker and not started there."""

    list_display = (
        *("id", "state", "task_name", "queue", "priority", "run_at", "attempts", "claimed_by"),
        "short_arguments",
    )
    list_filter = (StateFilter, QueueFilter, PeriodicFilter, TaskNameFilter)
    readonly_fields = ("state", "traceback", "errors_of_attempts")
    exclude = ("last_error",)
    sortable_by = ("id", "priority", "run_at")
    actions = (
        _action(control.run_now, "made due"),
        _action(control.cancel, "cancelled"),
        _action(control.raise_priority, "raised by 1 in priority"),
        _action(control.lower_priority, "lowered by 1 in priority"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the tasks with their state by the database's clock."""
        state = Case(
            When(lease_until__in=[UNSENT, SENT], then=Value("handed over")),
            When(lease_until__isnull=False, then=Value("running")),
            When(run_at__lte=queue_database().now(), then=Value("due")),
            default=Value("waiting"),
            output_field=CharField(),
        )
        tasks: QuerySet[Any] = super().get_queryset(request).annotate(state=state)
        return tasks

    def state(self, task: Any) -> str:
        """Return what the task does now, by the database's clock."""
        return str(task.state)


@admin.register(CompletedTask)
class CompletedTaskAdmin(_TaskAdmin):
    """Tasks whose function returned."""

    list_display = ("id", "task_name", "queue", "completed_at", "run_seconds", "short_arguments")
    sortable_by = ("id", "completed_at")
    ordering = ("-completed_at",)


@admin.register(FailedTask)
class FailedTaskAdmin(_TaskAdmin):
    """Tasks without attempts left."""

    list_display = (
        *("id", "task_name", "queue", "failed_at", "attempts"),
        *("last_error", "short_arguments"),
    )
    sortable_by = ("id", "failed_at")
    ordering = ("-failed_at",)
    readonly_fields = ("traceback", "errors_of_attempts")
    exclude = ("error",)
    actions = ("requeue",)

    def last_error(self, task: Any) -> str:
        """Return the line of the error that names the exception."""
        return _one_line(naming_line(task.error))

    @admin.action(permissions=["change"])
    def requeue(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Put the chosen tasks back into the queue, with all their attempts."""
        end = requeue(queue_database(), _ids(queryset))
        _report(request, end.requeued, "requeued")
        if end.duplicates:
            text = f"{end.duplicates:,} left alone: an equal task is live, or completed just now."
            messages.warning(request, text)


@admin.register(AttemptError)
class AttemptErrorAdmin(_ReadingAdmin):
    """Attempts that ended badly, whatever became of their tasks."""

    list_display = ("id", "task_id", "attempt", "failed_at", "exception", "claimed_by")
    sortable_by = ("id",)
    search_fields = ("exception",)


@admin.register(Worker)
class WorkerAdmin(_ReadingAdmin):
    """The processes that run tasks."""

    list_display = ("name", "state", "queues", "processes", "started_at", "seen_at")
    readonly_fields = ("state",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the workers with the time of the database's clock, in seconds since the epoch."""
        # A number, as MySQL's driver gives a time that is no column back as a text.
        now = Value(queue_database().now().timestamp(), output_field=FloatField())
        workers: QuerySet[Any] = super().get_queryset(request).annotate(now=now)
        return workers

    def state(self, worker: Any) -> str:
        """Return whether it gave a sign of life within its lease."""
        now = datetime.datetime.fromtimestamp(worker.now, datetime.UTC)
        return "alive" if is_alive(worker, now) else "silent"


def _ids(queryset: QuerySet[Any]) -> list[int]:
    return list(queryset.order_by().values_list("pk", flat=True))


def _keep_far_times(row: Model) -> None:
    """Have the times of the last year that there is shown as they are: east of it is none."""
    for field in row._meta.concrete_fields:  # noqa: SLF001
        value = getattr(row, field.attname)
        if isinstance(value, datetime.datetime) and value.year == datetime.MAXYEAR:
            setattr(row, field.attname, _FarTime.fromisoformat(value.isoformat()))


def _one_line(text: str) -> str:
    return format_html('<span style="white-space: nowrap">{}</span>', Truncator(text).chars(SHORT))


def _report(request: HttpRequest, count: int, done: str) -> None:
    logger.info("%s: %d tasks %s", request.user, count, done)
    messages.success(request, f"{count:,} task{'' if count == 1 else 's'} {done}.")
