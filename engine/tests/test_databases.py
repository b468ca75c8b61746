"""Databases: what differs between them, tested on the one that the tests run on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction

from background_task.models import ScheduledTask
from engine.project.tasks import send_mail

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase


def _deadlock() -> OperationalError:
    """Return what the database says to the victim of a deadlock, or to one who waited too long."""
    error = OperationalError(
        *{
            "sqlite": ("database is locked",),
            "postgresql": ("deadlock detected",),
            "mysql": (1213, "Deadlock found when trying to get lock"),
        }[connection.vendor]
    )
    error.__cause__ = _Cause() if connection.vendor == "postgresql" else None
    return error


class _Cause(Exception):  # noqa: N818 - the driver's error, of which only the code is read
    sqlstate = "40P01"


def test_an_operation_is_run_again_while_others_are_in_its_way(database: QueueDatabase) -> None:
    """A deadlock is nobody's fault: the caller does not learn of it."""
    calls = SimpleNamespace(count=0)

    def succeed_at_third() -> str:
        calls.count += 1
        if calls.count < 3:
            raise _deadlock()
        return "done"

    assert database.retry_transient(succeed_at_third) == "done"
    assert calls.count == 3


def test_an_operation_inside_a_transaction_is_not_run_again(database: QueueDatabase) -> None:
    """Only the caller can run the whole transaction again, so the caller has to know."""
    calls = SimpleNamespace(count=0)

    def fail() -> None:
        calls.count += 1
        raise _deadlock()

    with pytest.raises(OperationalError), transaction.atomic():
        database.retry_transient(fail)
    assert calls.count == 1


def test_another_error_is_raised_at_once(database: QueueDatabase) -> None:
    """What would fail again is not tried again."""
    calls = SimpleNamespace(count=0)

    def fail() -> None:
        calls.count += 1
        raise DatabaseError("no such column")

    with pytest.raises(DatabaseError, match="no such column"):
        database.retry_transient(fail)
    assert calls.count == 1


def test_the_models_have_no_changes_without_a_migration(database: QueueDatabase) -> None:
    """``makemigrations`` finds nothing to do, on any database."""
    call_command("makemigrations", "background_task", check=True, dry_run=True, verbosity=0)


def test_the_migrations_can_be_undone_and_done_again(database: QueueDatabase) -> None:
    """Nothing is left behind, and the queue works afterwards."""
    call_command("migrate", "background_task", "zero", verbosity=0)
    names = connection.introspection.table_names()
    call_command("migrate", "background_task", verbosity=0)

    assert [name for name in names if name.startswith("background_task")] == []
    assert not send_mail("a").is_duplicate
    assert ScheduledTask.objects.count() == 1
