"""What the queues in the Django database have in common: the project, its tables, its commands.

A step starts from a database that the last one left no trace in: ``prepare`` makes it anew, and
``empty`` gives the tables back the size, the statistics and the ids that they had then.
"""

from __future__ import annotations

import abc
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.contenders import tables
from engine.contenders.contender import Contender, ContenderError
from engine.databases import NAMES
from engine.project.lifeline import PARENT

if TYPE_CHECKING:
    from engine.contenders.contender import Site

REPOSITORY: Final = Path(__file__).resolve().parents[2]
ENGINE: Final = REPOSITORY / "engine"
SHOP: Final = ("shop_invoice", "shop_mail")

_MIGRATE_SECONDS: Final = 300.0


class DjangoQueue(Contender):
    """A queue whose tables lie in the application's own database.

    Attributes:
        tables: its tables; ``live`` is the condition that holds for tasks of the first of them
            which have not ended.
    """

    databases: tuple[str, ...] = NAMES
    broker: str | None = None
    broker_persistence: str | None = None
    tables: ClassVar[tuple[str, ...]]
    live: ClassVar[str] = "1 = 1"

    @abc.abstractmethod
    def settings(self, site: Site) -> dict[str, Any]:
        """Return its Django settings, beside those of ``engine.project.settings``."""

    @abc.abstractmethod
    def worker_arguments(self, site: Site) -> tuple[str, ...]:
        """Return the arguments of ``manage.py`` that start one worker."""

    def import_path(self) -> tuple[Path, ...]:
        """Return the folders that its processes import from, besides what is installed."""
        return (REPOSITORY,)

    def environment(self, site: Site) -> dict[str, str]:
        """Return the environment of a Django process of the project."""
        return {
            "DJANGO_SETTINGS_MODULE": "engine.project.settings",
            "PYTHONPATH": os.pathsep.join(str(path) for path in self.import_path()),
            "PYTHONUNBUFFERED": "1",
            "KILLPROOF_DATABASE": json.dumps(dict(site.django_database)),
            "KILLPROOF_SETTINGS": json.dumps(self.settings(site)),
        }

    def prepare(self, site: Site) -> None:
        """Make the database anew and migrate it.

        Two queues may have tables of one name and other columns, so nothing of a former one stays.
        A database that somebody else runs is made anew only if its name says that it may be.

        Raises:
            ContenderError: it failed; the message has the last line of what it said.
            Unavailable: the database is not ours to make anew.
        """
        site.database.reset()
        said, status = self._migrate(site)
        (site.folder / "migrate.log").write_text(said, encoding="utf-8")
        if status:
            last = (said.strip().splitlines() or ["it said nothing"])[-1]
            raise ContenderError(f"the tables of {self.name} were not created: {last}")

    def empty(self, site: Site) -> None:
        """Empty its tables and the shop's.

        Raises:
            ContenderError: the database refused or did not answer.
        """
        with tables.asking(self.name, site.database) as cursor:
            tables.empty(cursor, site.database, (*self.tables, *SHOP))

    def held(self, site: Site) -> int:
        """Count the tasks that wait, are due later, or run.

        Raises:
            ContenderError: the database refused or did not answer.
        """
        with tables.asking(self.name, site.database) as cursor:
            return tables.count(cursor, self.tables[0], self.live)

    def worker_command(self, site: Site) -> tuple[str, ...]:
        """Return its own command of ``manage.py``."""
        python = str(self.python())
        return (python, "-m", "engine.project.manage", *self.worker_arguments(site))

    def _migrate(self, site: Site) -> tuple[str, int]:
        command = [str(self.python()), "-m", "engine.project.manage", "migrate", "--verbosity=0"]
        environment = {**os.environ, **self.environment(site), PARENT: str(os.getpid())}
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_MIGRATE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it did not end within {_MIGRATE_SECONDS:.0f} seconds", 1
        return done.stdout, done.returncode
