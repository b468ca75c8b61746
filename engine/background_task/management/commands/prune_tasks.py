"""``manage.py prune_tasks``: the arguments, the progress and the summary; see ``pruning``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from background_task import pruning
from background_task.enqueue import queue_database
from background_task.management.option_types import age

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

LARGEST_BATCH: Final = 10_000


class Command(BaseCommand):
    """Removes ended tasks that are old, and what means nothing any more."""

    help = (
        "Remove old completed and failed tasks with their errors, as far as an age is given; "
        "besides, always, hashes whose hold is over and rows of workers silent for a day."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the ages and the size of a batch."""
        for state in ("completed", "failed"):
            parser.add_argument(
                f"--{state}-older-than",
                type=age,
                metavar="AGE",
                help=f"remove tasks that {state} longer ago: 14d, 12h, 30m or seconds",
            )
        parser.add_argument("--dry-run", action="store_true", help="only count what would go")
        batch = "rows per transaction (default: %(default)d)"
        parser.add_argument("--batch", type=int, default=500, metavar="N", help=batch)

    def handle(self, *_: Any, **options: Any) -> None:
        """Remove it; every mistake of a user is one sentence."""
        if not 0 < options["batch"] <= LARGEST_BATCH:
            raise CommandError(f"--batch must be a whole number from 1 to {LARGEST_BATCH}")
        database = queue_database()
        completed, failed = options["completed_older_than"], options["failed_older_than"]
        try:
            old = pruning.old_rows(database, completed=completed, failed=failed)
            for name, rows in old.items():
                if options["dry_run"]:
                    self.stdout.write(f"would remove {rows.count()} {name}")
                else:
                    self._remove(name, pruning.remove(database, rows, batch=options["batch"]))
        except DatabaseError as error:
            raise CommandError(f"pruning stopped at an error of the database: {error}") from error

    def _remove(self, name: str, batches: Iterator[int]) -> None:
        """Go through the batches, and show people how far that is."""
        total = 0
        for removed in batches:
            total += removed
            if self.stdout.isatty():
                self.stdout.write(f"removed {total} {name}", ending="\r")
        self.stdout.write(f"removed {total} {name}")
