"""``import_background_tasks``: rows of django-background-tasks 1.2.8 become rows of ours."""

from __future__ import annotations

import datetime
import io
import os
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection

from background_task import background
from background_task.legacy import importing
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from engine.tests import old_queue
from engine.tests.old_queue import SOON, Aside, Ended, Waiting, add

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.databases import QueueDatabase
    from background_task.legacy.importing import OldRow


@background(name="importing.pay")
def pay(order: str) -> None:
    """Pay an order."""


@pytest.fixture
def old_tables(database: QueueDatabase) -> Iterator[None]:
    """Put the old tables where they are after our migration."""
    old_queue.create([Waiting, Aside])
    yield
    old_queue.drop([Waiting, Aside])


def _import(**options: bool) -> str:
    out = io.StringIO()
    call_command("import_background_tasks", stdout=out, **options)
    return out.getvalue()


def test_a_waiting_task_keeps_what_it_had(old_tables: None) -> None:
    """Time, priority, queue, repeat, name, creator, attempts and the last error."""
    bob = User.objects.create_user("bob")
    until = SOON + datetime.timedelta(days=9)
    add(
        Waiting,
        "importing.pay",
        "a",
        priority=7,
        queue="mail",
        repeat=3600,
        repeat_until=until,
        verbose_name="Bob pays",
        attempts=2,
        last_error="no money",
        creator_object_id=bob.pk,
        creator_content_type_id=ContentType.objects.get_for_model(User).pk,
    )

    _import()

    row = ScheduledTask.objects.get()
    assert (row.run_at, row.priority, row.queue, row.repeat) == (SOON, 7, "mail", 3600)
    assert (row.slot_at, row.repeat_until, row.verbose_name) == (SOON, until, "Bob pays")
    assert (row.creator, row.attempts, row.last_error) == (bob, 2, "no money")
    assert (row.params(), row.lease_until) == ((["a"], {}), None)
    assert not Waiting._base_manager.exists()


def test_an_imported_task_is_as_unique_as_a_new_one(old_tables: None) -> None:
    """A call of the task finds the imported one."""
    add(Waiting, "importing.pay", "a")
    _import()

    row = pay("a")

    assert row is not None
    assert row.is_duplicate


def test_duplicates_stay_and_are_reported(old_tables: None) -> None:
    """The first of equal tasks is imported; the others are named, and kept on request."""
    add(Waiting, "importing.pay", "a")
    second = add(Waiting, "importing.pay", "a")

    assert f"#{second} importing.pay" in _import()
    assert Waiting._base_manager.get().pk == second

    _import(keep_duplicates=True)
    assert not Waiting._base_manager.exists()
    assert sorted(row.live_hash is None for row in ScheduledTask.objects.all()) == [False, True]


def test_a_task_whose_worker_lives_stays(old_tables: None) -> None:
    """Two queues must not run it at once; the lock of a dead worker is no obstacle."""
    alive = add(Waiting, "importing.pay", "a", locked_by=str(os.getpid()), locked_at=SOON)
    add(Waiting, "importing.pay", "b", locked_by="999999999", locked_at=SOON)
    add(Waiting, "importing.pay", "c", locked_by="no pid", locked_at=SOON)

    report = _import()

    assert f"#{alive} importing.pay" in report
    assert importing.RUNNING in report
    assert ScheduledTask.objects.count() == 2


def test_a_worker_of_another_user_lives(old_tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel refuses to signal it, so it is there."""

    def refuse(*_: int) -> None:
        raise PermissionError

    add(Waiting, "importing.pay", "a", locked_by="1", locked_at=SOON)
    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", refuse)
        _import()

    assert Waiting._base_manager.exists()


@pytest.mark.parametrize("params", ["[1, {}]", "nonsense", "[[NaN], {}]"])
def test_arguments_that_cannot_be_read_stay(old_tables: None, params: str) -> None:
    """Nobody could run them; the report says which they are."""
    add(Waiting, "importing.pay", task_params=params)

    assert importing.UNREADABLE in _import()
    assert Waiting._base_manager.exists()


def test_names_that_nobody_registered_are_imported_and_named(old_tables: None) -> None:
    """The app that has them may come later."""
    add(Waiting, "importing.gone", 1)
    add(Waiting, "importing.gone", 2)

    assert "no task is registered as importing.gone: 2 imported" in _import()
    assert ScheduledTask.objects.count() == 2


def test_the_history_is_imported_on_request(old_tables: None) -> None:
    """Completed and failed tasks go to their tables, under ids that no task of ours has."""
    add(Aside, "importing.pay", "a", attempts=1, locked_by="7", locked_at=SOON)
    add(Aside, "importing.pay", "b", attempts=25, failed_at=SOON, last_error="no money")
    add(Aside, "importing.pay", task_params="nonsense")
    _import()
    assert not CompletedTask.objects.exists()

    _import(history=True)

    completed = CompletedTask.objects.get(attempts=1)
    assert (completed.id < 0, completed.completed_at, completed.claimed_by) == (True, SOON, "7")
    failed = FailedTask.objects.get()
    assert (failed.attempts, failed.failed_at, failed.error) == (25, SOON, "no money")
    assert CompletedTask.objects.get(attempts=0).task_params == "nonsense"
    assert not Aside._base_manager.exists()


def test_a_dry_run_changes_nothing_and_says_the_same(old_tables: None) -> None:
    """The report is that of the real run."""
    add(Waiting, "importing.pay", "a")
    add(Waiting, "importing.pay", "a")
    add(Aside, "importing.pay", "b")

    told = _import(dry_run=True, history=True)

    assert (Waiting._base_manager.count(), Aside._base_manager.count()) == (2, 1)
    assert not ScheduledTask.objects.exists()
    assert told == _import(history=True) + "nothing was changed: this was a dry run\n"


def test_an_interrupted_import_goes_on_where_it_was(
    database: QueueDatabase, old_tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is a transaction: rows are in one of the two tables, never in both or in none."""
    monkeypatch.setattr(importing, "BATCH", 2)
    for number in range(5):
        add(Waiting, "importing.pay", number)
    importer = importing.Importer(database)

    assert next(importer.import_waiting()) == 2
    assert (ScheduledTask.objects.count(), Waiting._base_manager.count()) == (2, 3)
    _import()
    assert (ScheduledTask.objects.count(), Waiting._base_manager.count()) == (5, 0)


def test_a_batch_that_meets_a_new_equal_task_is_written_again(
    database: QueueDatabase, old_tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody enqueues the same call between the look and the write: that one is a duplicate."""
    add(Waiting, "importing.pay", "a")
    importer = importing.Importer(database)
    write = importer._write_waiting
    refused: list[bool] = []

    def write_late(rows: list[old_queue.Waiting]) -> dict[OldRow, str]:
        if not refused:
            refused.append(True)
            raise IntegrityError
        return write(rows)  # type: ignore[arg-type]

    monkeypatch.setattr(importer, "_write_waiting", write_late)

    assert list(importer.import_waiting()) == [1]
    assert ScheduledTask.objects.count() == 1


def test_a_batch_that_can_never_be_written_says_so(
    database: QueueDatabase, old_tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tries are bounded, and the rows stay."""
    add(Waiting, "importing.pay", "a")
    importer = importing.Importer(database)

    def refuse(_: object) -> dict[OldRow, str]:
        raise IntegrityError

    monkeypatch.setattr(importer, "_write_waiting", refuse)

    with pytest.raises(IntegrityError):
        list(importer.import_waiting())
    assert Waiting._base_manager.exists()


def test_without_old_tables_it_says_so(database: QueueDatabase) -> None:
    """A project that never had 1.2.8 gets one sentence."""
    with pytest.raises(CommandError, match="there is no table background_task in the database"):
        _import()


def test_old_tables_of_another_shape_are_told_in_one_sentence(database: QueueDatabase) -> None:
    """Such as those of an older version; the database's own words are in it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE background_task (id integer)")
    try:
        with pytest.raises(CommandError, match=r"^importing stopped at an error of the d[^\n]+$"):
            _import()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE background_task")


def test_empty_old_tables_are_no_error(old_tables: None) -> None:
    """The second run of an import has nothing to do."""
    assert _import() == "the old tables are empty\n"


def test_migrating_puts_the_old_completed_tasks_aside(database: QueueDatabase) -> None:
    """``migrate background_task`` works in a project that has tables of 1.2.8, and loses none."""
    call_command("migrate", "background_task", "zero", verbosity=0)
    try:
        old_queue.create([Waiting, Ended])
        add(Waiting, "importing.pay", "a")
        add(Ended, "importing.pay", "b")
    finally:
        call_command("migrate", "background_task", verbosity=0)
    _import(history=True)
    old_queue.drop([Waiting, Aside])

    assert ScheduledTask.objects.count() == 1
    assert CompletedTask.objects.get().task_params == '[["b"], {}]'
