"""Read the business state: the rows of the project's models, in every database of the test.

What belongs to queues and to Django itself is left out. A table is read if something was written
to it since the trial began, as reading all tables each time would be most of a run's time.
"""

from __future__ import annotations

import datetime
import uuid
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, models, router
from django.db.models import NOT_PROVIDED, QuerySet

from properties.idempotency.errors import CannotTellError
from properties.idempotency.facts import Fact, Key, Row, plain_fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from properties.idempotency.sandbox import Sandbox

NOT_BUSINESS: Final = frozenset(
    {
        *("admin", "contenttypes", "sessions"),
        *("background_task", "django_celery_beat", "django_celery_results", "django_dramatiq"),
        *("django_huey", "django_q", "django_tasks_database", "django_tasks_db", "procrastinate"),
    }
)
"""The apps whose tables are left out; auth.Permission is too."""

OTHER_FACTS: Final = frozenset({"mail", "effect", "observe"})
GRACE_SECONDS: Final = 1.0
"""Databases may round times to whole seconds."""

Table = tuple[str, type[models.Model]]
"""The alias of a database, and a model whose table is in it."""


class Tables:
    """The tables of the project, as they were when the trial began."""

    def __init__(self, sandboxes: Sequence[Sandbox], ignore: Iterable[str]) -> None:
        self._sandboxes = sandboxes
        self._ignored = frozenset(name.lower() for name in ignore)
        self._all = [(box.connection.alias, model) for box in sandboxes for model in _models(box)]
        _refuse_unknown(ignore, {model for _, model in self._all})
        self._old_ids = {
            (alias, model): set(QuerySet(model, using=alias).values_list("pk", flat=True))
            for alias, model in self._all
            if _is_made_up(model._meta.pk)
        }
        self._changed: set[Table] = set()
        self._named: dict[str, set[Table]] = {}

    def watched(self) -> frozenset[Table]:
        """Return the tables that something was written to."""
        named = set(self._changed)
        for box in self._sandboxes:
            for sql in box.written:
                named |= self._named_in(sql)
        return frozenset(named)

    def watch(self, labels: Iterable[str]) -> None:
        """Read these too, although no statement names them: triggers write to them."""
        known = set(labels)
        self._changed |= {table for table in self._all if _label(table) in known}

    def not_ignored(self, fact: Fact) -> Fact | None:
        """Return what is to be compared of it."""
        if self.is_ignored(fact.table):
            return None
        columns = fact.columns.items()
        kept = {name: text for name, text in columns if not self.is_ignored(fact.table, name)}
        return plain_fact(fact.table, kept)

    def is_ignored(self, table: str, column: str = "") -> bool:
        """Whether the user left it out."""
        return table.lower() in self._ignored or f"{table}.{column}".lower() in self._ignored

    def rows(self, since: float, until: float, *, everything: bool) -> list[Row]:
        """Return the rows, of everything or of the watched tables.

        A time within the run is written as "now", as it differs in each.
        """
        tables = self._all if everything else self.watched()
        window = (since - GRACE_SECONDS, until + GRACE_SECONDS)
        return [
            row
            for table in tables
            if not self.is_ignored(table[1]._meta.label)
            for row in self._rows_of(table, window)
        ]

    def _rows_of(self, table: Table, window: tuple[float, float]) -> Iterator[Row]:
        alias, model = table
        fields = model._meta.local_concrete_fields
        names = ["pk", *(field.attname for field in fields)]
        read = [field for field in fields if not field.primary_key or field.remote_field]
        read = [field for field in read if not self._is_field_ignored(model, field)]
        for values in QuerySet(model, using=alias).values(*names):
            is_new = self._is_new(table, values["pk"])
            links = dict(self._links(alias, read, values))
            yield Row(
                key=(_label(table), values["pk"]),
                identity="" if is_new else str(values["pk"]),
                columns={
                    field.name: f"new {links[field.name][0]}"
                    if field.name in links
                    else _text(field, values[field.attname], window, is_new=is_new)
                    for field in read
                },
                links=links,
            )

    def _links(
        self, alias: str, fields: Iterable[models.Field[Any, Any]], values: dict[str, Any]
    ) -> Iterator[tuple[str, Key]]:
        for field in fields:
            value = values[field.attname]
            if field.remote_field and value is not None:
                target: models.Field[Any, Any] = field.target_field  # type: ignore[attr-defined]
                table = alias, target.model
                if target.primary_key and self._is_new(table, value):
                    yield field.name, (_label(table), value)

    def _is_new(self, table: Table, pk: Any) -> bool:
        known = self._old_ids.get(table)
        return known is not None and pk not in known

    def _is_field_ignored(self, model: type[models.Model], field: models.Field[Any, Any]) -> bool:
        label = model._meta.label
        return self.is_ignored(label, field.name) or self.is_ignored(label, field.attname)

    def _named_in(self, sql: str) -> set[Table]:
        if sql not in self._named:
            lower = sql.lower()
            self._named[sql] = {
                table for table in self._all if table[1]._meta.db_table.lower().strip('"') in lower
            }
        return self._named[sql]


def _models(box: Sandbox) -> Iterator[type[models.Model]]:
    for model in apps.get_models(include_auto_created=True):
        options = model._meta
        if options.proxy or not options.managed or options.app_label in NOT_BUSINESS:
            continue
        if options.label_lower == "auth.permission":
            continue
        if router.allow_migrate_model(box.connection.alias, model):
            yield model


def _label(table: Table) -> str:
    """Return what people call it: the model, and the database if there is a choice."""
    alias, model = table
    return model._meta.label if alias == DEFAULT_DB_ALIAS else f"{model._meta.label}@{alias}"


def _is_made_up(field: models.Field[Any, Any] | None) -> bool:
    """Whether the database or a default makes up the value of this primary key."""
    while field is not None and field.remote_field:
        field = field.target_field  # type: ignore[attr-defined]
    return field is not None and (isinstance(field, models.AutoField) or _has_made_up(field))


def _has_made_up(field: models.Field[Any, Any]) -> bool:
    has_database_default = getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED
    return isinstance(field, models.UUIDField) and (callable(field.default) or has_database_default)


def _text(
    field: models.Field[Any, Any], value: Any, window: tuple[float, float], *, is_new: bool
) -> str:
    if value is None:
        return "NULL"
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return "now"
    if isinstance(value, datetime.datetime) and window[0] <= value.timestamp() <= window[1]:
        return "now"
    if is_new and isinstance(value, uuid.UUID) and _has_made_up(field):
        return "made up"
    return str(value) if isinstance(value, datetime.date | datetime.time) else repr(value)


def _refuse_unknown(ignore: Iterable[str], known_models: Iterable[type[models.Model]]) -> None:
    """Tell a name that ignores nothing, as it is a slip of the pen."""
    labels = {model._meta.label_lower: model for model in known_models}
    for name in ignore:
        parts = name.lower().split(".")
        if parts[0] in OTHER_FACTS:
            continue
        model = labels.get(".".join(parts[:2]))
        fields = model._meta.local_concrete_fields if model else ()
        names = {part for field in fields for part in (field.name, field.attname)}
        if model is None or (parts[2:] and parts[2] not in names):
            raise CannotTellError(
                f"ignore names {name!r}, which is no table that is compared, nor a field of one: "
                'write "app.Model", "app.Model.field", or "mail.body".'
            )
