"""The tables of django-background-tasks 1.2.8, as its migrations make them, and rows in them."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any, Final

from django.apps.registry import Apps
from django.db import connection, models

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_apps: Final = Apps()
SOON: Final = datetime.datetime(2030, 1, 1, 12, 30, 15, 250_000, tzinfo=datetime.UTC)


class _Row(models.Model):
    id = models.AutoField(primary_key=True)
    task_name = models.CharField(db_index=True, max_length=190)
    task_params = models.TextField()
    task_hash = models.CharField(db_index=True, max_length=40, default="of 1.2.8")
    verbose_name = models.CharField(null=True, max_length=255)
    priority = models.IntegerField(db_index=True, default=0)
    run_at = models.DateTimeField(db_index=True, default=SOON)
    repeat = models.BigIntegerField(default=0)
    repeat_until = models.DateTimeField(null=True)
    queue = models.CharField(db_index=True, null=True, max_length=190)
    attempts = models.IntegerField(db_index=True, default=0)
    failed_at = models.DateTimeField(db_index=True, null=True)
    last_error = models.TextField(default="")
    locked_by = models.CharField(db_index=True, null=True, max_length=64)
    locked_at = models.DateTimeField(db_index=True, null=True)
    creator_object_id = models.PositiveIntegerField(null=True)
    creator_content_type_id = models.IntegerField(db_index=True, null=True)

    class Meta:
        abstract = True
        apps = _apps
        app_label = "background_task"

    def __str__(self) -> str:
        return self.task_name


class Waiting(_Row):
    """A row of ``background_task``."""

    class Meta(_Row.Meta):
        abstract = False
        db_table = "background_task"


class Ended(_Row):
    """A row of ``background_task_completedtask``, before our migration puts that aside."""

    class Meta(_Row.Meta):
        abstract = False
        db_table = "background_task_completedtask"


class Aside(_Row):
    """The same row afterwards."""

    class Meta(_Row.Meta):
        abstract = False
        db_table = "background_task_completedtask_1_2_8"


def create(tables: Iterable[type[_Row]]) -> None:
    """Create old tables."""
    editor: BaseDatabaseSchemaEditor
    with connection.schema_editor() as editor:
        for table in tables:
            editor.create_model(table)


def drop(tables: Iterable[type[_Row]]) -> None:
    """Drop those that are there."""
    editor: BaseDatabaseSchemaEditor
    there = connection.introspection.table_names()
    with connection.schema_editor() as editor:
        for table in tables:
            if table._meta.db_table in there:
                editor.delete_model(table)


def add(table: type[_Row], name: str, *args: object, **columns: Any) -> int:
    """Add a row for a call with these arguments; return its id."""
    given = {"task_params": json.dumps([args, {}]), **columns}
    row = table._base_manager.create(task_name=name, **given)
    return int(row.pk)
