"""``manage.py retry_tasks``: which failed tasks go back into the queue; see ``requeue``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from background_task.enqueue import queue_database
from background_task.management.option_types import age, queue_name, task_name
from background_task.models import FailedTask
from background_task.requeue import BATCH, requeue

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from background_task.databases import QueueDatabase

SELECTIONS: Final = ("ids", "task", "queue", "failed_since", "older_than", "all")


class Command(BaseCommand):
    """Requeues failed tasks."""

    help = (
        "Let failed tasks wait again, due now, with all their attempts. Conditions add up. A task "
        "stays failed if an equal one is live, or completed within its idempotency window."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the ways to select failed tasks."""
        parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="these failed tasks")
        for option, type_, text in (
            ("--task", task_name, "tasks of this name"),
            ("--queue", queue_name, "tasks of this queue"),
        ):
            parser.add_argument(option, type=type_, metavar="NAME", help=text)
        parser.add_argument(
            "--failed-since",
            type=age,
            metavar="AGE",
            help="tasks that failed at most so long ago: 14d, 12h, 30m or seconds",
        )
        parser.add_argument(
            "--older-than", type=age, metavar="AGE", help="tasks that failed longer ago"
        )
        parser.add_argument("--all", action="store_true", help="every failed task")
        parser.add_argument("--dry-run", action="store_true", help="only count them")

    def handle(self, *_: Any, **options: Any) -> None:
        """Requeue them; every mistake of a user is one sentence."""
        given = [name for name in SELECTIONS if options[name] not in (None, [], False)]
        if not given:
            raise CommandError("say which failed tasks: ids, or options (see --help), or --all")
        if "all" in given and len(given) > 1:
            raise CommandError("--all selects every failed task; leave the other conditions out")
        database = queue_database()
        try:
            self._retry(database, _chosen(database, options), is_dry=options["dry_run"])
        except DatabaseError as error:
            raise CommandError(f"retrying stopped at an error of the database: {error}") from error

    def _retry(self, database: QueueDatabase, tasks: QuerySet[FailedTask], *, is_dry: bool) -> None:
        if is_dry:
            self.stdout.write(f"would retry {tasks.count()} failed tasks")
            return
        requeued = duplicates = 0
        for ids in _batches(tasks):
            done = requeue(database, ids)
            requeued += done.requeued
            duplicates += done.duplicates
            if self.stdout.isatty():
                self.stdout.write(f"{requeued} failed tasks wait again", ending="\r")
        self.stdout.write(f"{requeued} failed tasks wait again")
        if duplicates:
            self.stdout.write(f"{duplicates} stay failed, as an equal task is live or completed")


def _chosen(database: QueueDatabase, options: dict[str, Any]) -> QuerySet[FailedTask]:
    now = database.now()
    # Those that fail from now on are left alone, so the command comes to an end.
    tasks = FailedTask.objects.using(database.alias).filter(failed_at__lte=now)
    if options["ids"]:
        tasks = tasks.filter(id__in=[id_ for id_ in options["ids"] if abs(id_) < 2**63])
        missing = sorted(set(options["ids"]) - set(tasks.values_list("id", flat=True)))
        if missing:
            names = ", ".join(map(str, missing))
            raise CommandError(f"no failed task has the id {names}; nothing was retried")
    conditions = {"task_name": options["task"], "queue": options["queue"]}
    ages = {"failed_at__gte": options["failed_since"], "failed_at__lt": options["older_than"]}
    conditions |= {name: now - age for name, age in ages.items() if age is not None}
    return tasks.filter(**{name: value for name, value in conditions.items() if value is not None})


def _batches(tasks: QuerySet[FailedTask]) -> Iterator[list[int]]:
    """Yield ids in order; those that stay are passed over."""
    rest = all_ids = tasks.order_by("id").values_list("id", flat=True)
    while ids := list(rest[:BATCH]):
        yield ids
        rest = all_ids.filter(id__gt=ids[-1])
