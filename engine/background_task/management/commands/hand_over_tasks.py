"""``manage.py hand_over_tasks``: give the waiting tasks to a broker, or take them back.

It may be stopped or killed at any moment, and run again: nothing is lost, and nothing runs twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from background_task.dispatch import DATABASE, dispatcher_named
from background_task.dispatch.moving import Move
from background_task.enqueue import queue_database
from background_task.error_texts import first_line
from background_task.management.option_types import queue_name, whole_number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

SOON_SECONDS: Final = 1800.0
"""Celery on Redis delivers a message again that a worker has kept for an hour."""


class Command(BaseCommand):
    """Moves tasks between the database and a broker."""

    help = (
        "Hand the waiting tasks over to the broker of another queue, or bring back those that have "
        "not started. Periodic tasks stay. Stop it whenever you like, and run it again to go on."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        places = "celery, huey, database, or the dotted path of your own dispatcher"
        parser.add_argument("--to", required=True, metavar="PLACE", help=places)
        parser.add_argument(
            "--queue", type=queue_name, metavar="NAME", help="move tasks of this queue only"
        )
        parser.add_argument(
            "--batch", type=whole_number, default=500, metavar="N", help="(default: %(default)d)"
        )
        parser.add_argument("--limit", type=whole_number, metavar="N", help="stop after N tasks")
        parser.add_argument(
            "--all", action="store_true", help="also tasks that are due in more than half an hour"
        )
        parser.add_argument(
            "--resend-unended",
            action="store_true",
            help="also tasks that were sent before and have not ended, as if they were lost",
        )
        parser.add_argument("--no-input", action="store_true", help="ask nothing")
        parser.add_argument("--dry-run", action="store_true", help="count them, and move nothing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Move; every mistake of a user is one sentence."""
        limit, to = options["limit"], options["to"]
        move = Move(
            database=queue_database(),
            batch=min(options["batch"], limit or options["batch"]),
            queue=options["queue"],
            within_seconds=None if options["all"] else SOON_SECONDS,
            with_unended=options["resend_unended"],
        )
        try:
            dispatcher = None if to == DATABASE else dispatcher_named(to)
            for meaning, rows in move.kinds().items():
                self.stdout.write(f"{rows.count():9,} {meaning}")
        except (DatabaseError, ImproperlyConfigured) as error:
            raise CommandError(first_line(error)) from error
        if options["dry_run"]:
            return
        if move.with_unended and not options["no_input"]:
            _ask()
        self._run(move.to_broker(dispatcher, to) if dispatcher else move.to_database(), limit)

    def _run(self, batches: Iterator[int], limit: int | None) -> None:
        moved = 0
        try:
            for count in batches:
                moved += count
                ending = "\r" if self.stdout.isatty() else "\n"
                self.stdout.write(f"{moved:9,} moved", ending=ending)
                if limit is not None and moved >= limit:
                    break
        except KeyboardInterrupt:
            raise CommandError(
                f"interrupted after {moved:,} tasks; run it again to go on", returncode=130
            ) from None
        # The client of each broker has errors of its own, and any means: perhaps not sent.
        except Exception as error:
            raise CommandError(
                f"failed after {moved:,} tasks; run it again to go on, or with --to database to "
                f"take back what was not confirmed ({type(error).__name__}: {error})"
            ) from error
        self.stdout.write(f"{moved:9,} moved: done")


def _ask() -> None:
    """Go on if the person at the terminal says so."""
    question = "What has started and not ended will run again, even if it runs now. Go on?"
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        raise CommandError(
            "nothing was moved: nobody is there to be asked; --no-input goes on without asking"
        ) from None
    if answer.strip().lower() != "y":
        raise CommandError("nothing was moved")
