"""The tables of django-background-tasks 1.2.8 as it left them, for whoever imports their rows.

They are models of a registry of their own: the project's migrations and admin do not see them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.apps.registry import Apps
from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

COMPLETED: Final = "background_task_completedtask"
ASIDE: Final = f"{COMPLETED}_1_2_8"
"""Where our first migration puts the table of completed tasks, whose name is one of ours."""

_apps: Final = Apps()


def set_aside(_: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Rename the old table of completed tasks, if there is one; a step of our first migration."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if COMPLETED not in connection.introspection.table_names(cursor):
            return
        columns = connection.introspection.get_table_description(cursor, COMPLETED)
    if "locked_at" in {column.name for column in columns}:
        old, new = schema_editor.quote_name(COMPLETED), schema_editor.quote_name(ASIDE)
        schema_editor.execute(schema_editor.sql_rename_table % {"old_table": old, "new_table": new})


class _OldRow(models.Model):
    id = models.AutoField(primary_key=True)
    task_name = models.TextField()
    task_params = models.TextField()
    verbose_name = models.TextField(null=True)
    priority = models.IntegerField()
    run_at = models.DateTimeField()
    repeat = models.BigIntegerField()
    repeat_until = models.DateTimeField(null=True)
    queue = models.TextField(null=True)
    attempts = models.IntegerField()
    failed_at = models.DateTimeField(null=True)
    last_error = models.TextField()
    locked_by = models.TextField(null=True)
    locked_at = models.DateTimeField(null=True)
    creator_content_type_id = models.IntegerField(null=True)
    creator_object_id = models.IntegerField(null=True)

    class Meta:
        abstract = True
        apps = _apps
        app_label = "background_task"
        managed = False

    def __str__(self) -> str:
        return f"#{self.id} {self.task_name} {self.task_params[:80]}"


class OldTask(_OldRow):
    """A task that waits, or that a worker of 1.2.8 had taken."""

    class Meta(_OldRow.Meta):
        abstract = False
        db_table = "background_task"


class OldCompletedTask(_OldRow):
    """A task that ended; it failed for good if ``failed_at`` is set."""

    class Meta(_OldRow.Meta):
        abstract = False
        db_table = ASIDE


class OldContentType(models.Model):
    """The models that creators are of."""

    app_label = models.TextField()
    model = models.TextField()

    class Meta:
        apps = _apps
        app_label = "background_task"
        managed = False
        db_table = "django_content_type"

    def __str__(self) -> str:
        return f"{self.app_label}.{self.model}"
