"""``manage.py import_background_tasks``: take over the rows of django-background-tasks 1.2.8."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from background_task import discovery
from background_task.enqueue import queue_database
from background_task.error_texts import first_line
from background_task.legacy.importing import Importer
from background_task.legacy.old_tables import ASIDE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from background_task.databases import QueueDatabase
    from background_task.legacy.importing import Report


class Command(BaseCommand):
    """Moves waiting tasks, and on request those that ended."""

    help = (
        "Move the tasks of django-background-tasks 1.2.8 from its tables into this queue. Stop its "
        "workers first. Interrupted, it is just started again."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        for option, text in {
            "--dry-run": "say what would be done, and change nothing",
            "--history": "also move the tasks that completed or failed for good",
            "--keep-duplicates": "also move tasks that equal a live one, as unique=False does",
        }.items():
            parser.add_argument(option, action="store_true", help=text)

    def handle(self, *_: Any, **options: Any) -> None:
        """Import; every mistake of a user is one sentence."""
        database = queue_database()
        try:
            self._import(database, **options)
        except DatabaseError as error:
            raise CommandError(
                f"importing stopped at an error of the database {database.alias!r}: "
                f"{first_line(error)}"
            ) from error

    def _import(self, database: QueueDatabase, **options: Any) -> None:
        """Import, and say what became of the rows."""
        tables = database.connection.introspection.table_names()
        if "background_task" not in tables:
            place = f"the database {database.alias!r}"
            raise CommandError(f"there is no table background_task in {place} to import from")
        discovery.import_tasks()
        importer = Importer(database, keep_duplicates=options["keep_duplicates"])
        with _undone(database.alias) if options["dry_run"] else contextlib.nullcontext():
            self._show("waiting", importer.import_waiting())
            if options["history"] and ASIDE in tables:
                self._show("ended", importer.import_history())
        self._summarize(importer.report, is_dry=options["dry_run"])

    def _show(self, what: str, batches: Iterator[int]) -> None:
        """Go through the batches, and say after each how far that is."""
        for seen in batches:
            self.stdout.write(f"{what} tasks: {seen} looked at")
            self.stdout.flush()

    def _summarize(self, report: Report, *, is_dry: bool) -> None:
        for end, count in sorted(report.ends.items()):
            self.stdout.write(f"{count:>8}  {end}")
        if not report.ends:
            self.stdout.write("the old tables are empty")
        for line in report.left:
            self.stdout.write(f"  {line}")
        for name, count in sorted(report.unregistered.items()):
            self.stdout.write(
                f"  no task is registered as {name}: {count} imported all the same, to fail when "
                "they are due, unless it is registered by then"
            )
        if is_dry:
            self.stdout.write("nothing was changed: this was a dry run")


@contextlib.contextmanager
def _undone(alias: str) -> Iterator[None]:
    """Undo in the end what the block does to a database."""
    with transaction.atomic(using=alias):
        yield
        transaction.set_rollback(True, using=alias)
