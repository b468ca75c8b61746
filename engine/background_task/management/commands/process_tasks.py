"""``manage.py process_tasks``: the worker's arguments, and nothing else."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from background_task import discovery, settings
from background_task.enqueue import queue_database
from background_task.error_texts import first_line
from background_task.exceptions import BackgroundTaskError
from background_task.management.option_types import (
    positive_seconds,
    queue_name,
    seconds,
    whole_number,
    worker_count,
)
from background_task.task_options import NAME_LENGTH
from background_task.terms import Terms
from background_task.worker.options import Options
from background_task.worker.pidfile import pidfile
from background_task.worker.supervisor import Supervisor

if TYPE_CHECKING:
    import argparse

    from background_task.databases import QueueDatabase

SECONDS: Final = "S"


class Command(BaseCommand):
    """Runs tasks until it is told to stop."""

    help = (
        "Run background tasks. SIGTERM or Ctrl-C finishes the tasks that run and then exits; "
        "a second one interrupts them, and they run again later."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options, with the project's settings as defaults."""
        try:
            defaults = settings.read()
        except ImproperlyConfigured as error:
            parser.error(str(error))
        parser.add_argument(
            "--workers",
            type=worker_count,
            default=defaults.workers,
            metavar="N",
            help="processes that run tasks; a good number is that of cores (default: %(default)d)",
        )
        parser.add_argument(
            "--duration",
            type=seconds,
            default=None,
            metavar=SECONDS,
            help="exit after so many seconds, 86400 for a daily restart (default: 0, never)",
        )
        parser.add_argument(
            "--sleep",
            type=positive_seconds,
            default=defaults.sleep_seconds,
            metavar=SECONDS,
            help="longest pause between looks into an empty queue (default: %(default)g)",
        )
        _add_limits(parser, defaults)
        parser.add_argument(
            "--queue",
            type=queue_name,
            action="append",
            default=[],
            metavar="NAME",
            help="serve this queue only; may be given again (default: all queues)",
        )
        parser.add_argument(
            "--pidfile", type=Path, metavar="PATH", help="write the process id here while running"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Run until the end; every mistake of a user is one sentence."""
        if not hasattr(os, "fork"):
            raise CommandError("process_tasks needs a system with fork, such as Linux or macOS")
        _log_to_stderr(options["verbosity"])
        discovery.import_tasks()
        database = queue_database()
        _probe(database)
        try:
            with pidfile(options["pidfile"]):
                self._greet(database, options)
                Supervisor(database, _supervisor_options(options)).run()
        except BackgroundTaskError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            if error.filename is None or options["pidfile"] is None:
                raise
            raise CommandError(
                f"cannot write --pidfile {options['pidfile']}: {error.strerror}"
            ) from error

    def _greet(self, database: QueueDatabase, options: dict[str, Any]) -> None:
        queues = ", ".join(options["queue"]) or "all queues"
        self.stdout.write(
            f"process_tasks: pid {os.getpid()}, {options['workers']} worker process(es), {queues}"
            f" of database {database.alias!r}; Ctrl-C stops it"
        )
        self.stdout.flush()


def _add_limits(parser: argparse.ArgumentParser, defaults: settings.Settings) -> None:
    """Declare what limits a task that names no limit of its own."""
    parser.add_argument(
        "--timeout",
        type=positive_seconds,
        default=defaults.timeout_seconds,
        metavar=SECONDS,
        help="kill a task that runs longer, unless it names its own (default: %(default)g)",
    )
    parser.add_argument(
        "--max-attempts",
        type=whole_number,
        default=defaults.max_attempts,
        metavar="N",
        help="attempts of a task, unless it names its own (default: %(default)d)",
    )


def _supervisor_options(options: dict[str, Any]) -> Options:
    # The last part tells two containers apart that have the same host name and pid.
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    project = settings.read()
    return Options(
        settings=project,
        workers=options["workers"],
        duration_seconds=options["duration"],
        sleep_seconds=options["sleep"],
        show_tracebacks=options["traceback"],
        terms=Terms(
            owner=owner[-NAME_LENGTH:],
            lease_seconds=project.lease_seconds,
            max_attempts=options["max_attempts"],
            timeout_seconds=options["timeout"],
            queues=tuple(options["queue"]),
            lowest_first=project.lowest_first,
        ),
    )


def _probe(database: QueueDatabase) -> None:
    """Refuse to start without the database and its tables, saying which is missing."""
    try:
        connections[database.alias].ensure_connection()
    except DatabaseError as error:
        raise CommandError(
            f"cannot reach the database {database.alias!r}, so no task can run: {first_line(error)}"
        ) from error
    try:
        database.execute("SELECT token FROM background_task_scheduledtask WHERE id = 0")
    except DatabaseError as error:
        raise CommandError(
            f"the queue's tables are not in the database {database.alias!r}; run "
            f"`manage.py migrate background_task` first ({first_line(error)})"
        ) from error


def _log_to_stderr(verbosity: int) -> None:
    """Show the queue's log, unless the project has set up logging for it."""
    logger = logging.getLogger("background_task")
    if logger.hasHandlers():
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if verbosity < 1 else logging.INFO)
