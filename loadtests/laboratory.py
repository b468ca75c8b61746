"""What a run measures on: a database and perhaps a broker, started once, and a contender's place.

However a run ends, its servers, processes and temporary folders end with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from typing import TYPE_CHECKING, Any, Final, Self

from engine.brokers import open_broker
from engine.contenders.contender import Site
from engine.databases import Unavailable, open_database
from engine.databases.leftovers import temporary_folder
from loadtests.fleet import meter_folder
from reports.load_schema import ContenderFacts
from reports.load_steps import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from engine.brokers import Broker
    from engine.contenders.contender import Contender
    from engine.databases import Database

FOLDER_PREFIX: Final = "killproof-load-"
CONNECTION_SECONDS: Final = 60
"""Connections are kept for so long, as docs/operating.md recommends; the knob "pool" ends that."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A contender with its servers, started and prepared.

    Attributes:
        broker: None for a queue in the database.
        folder: for the folders of its steps.
    """

    contender: Contender
    database: Database
    broker: Broker | None
    folder: Path

    def target(self, knobs: Mapping[str, Any] | None = None) -> Target:
        """Name what is put under load."""
        queues_here = self.database.name if self.contender.databases else None
        return Target(contender=self.contender.name, database=queues_here, knobs=knobs or {})

    def broker_pids(self) -> Sequence[int]:
        """Return the processes of the broker, now; none for a queue in the database."""
        return () if self.broker is None else self.broker.pids()

    def site(self, name: str, processes: int, settings: Mapping[str, Any] | None = None) -> Site:
        """Make the folder of a step, and return the place of it.

        Of the settings it has those that the contender knows.
        """
        folder = self.folder / name
        ledger = folder / "ledger"
        ledger.mkdir(parents=True)
        site = Site(
            database=self.database,
            django_database={
                "CONN_MAX_AGE": CONNECTION_SECONDS,
                **self.database.django_settings(),
            },
            broker_url=None if self.broker is None else self.broker.url,
            folder=folder,
            ledger=ledger,
            processes=processes,
            settings={
                name: value
                for name, value in (settings or {}).items()
                if name in self.contender.knobs
            },
        )
        meter_folder(site).mkdir()
        return site

    def facts(self, processes: int) -> ContenderFacts:
        """Describe the contender as it runs here, with so many processes that run tasks."""
        with self.scratch("facts", processes) as site:
            durability = self.contender.durability(site)
            command = self.contender.worker_command(site)
        services = {self.database.name: self.database.version()}
        if self.broker is not None:
            services[self.broker.name] = self.broker.version()
            durability = {**durability, **self.broker.durability()}
        packages = self.contender.packages()
        return ContenderFacts(
            name=self.contender.name,
            title=self.contender.title,
            version=next(iter(packages.values()), ""),
            packages=packages,
            services=services,
            durability=durability,
            delivery=self.contender.delivery,
            worker=" ".join(["python", *command[1:]]),
        )

    @contextlib.contextmanager
    def scratch(
        self, name: str, processes: int = 1, settings: Mapping[str, Any] | None = None
    ) -> Iterator[Site]:
        """Give a site whose folder is removed afterwards."""
        site = self.site(name, processes, settings)
        try:
            yield site
        finally:
            shutil.rmtree(site.folder, ignore_errors=True)


class Laboratory:
    """Starts servers when they are first needed, and stops them all at the end."""

    def __init__(self, *, provider: str | None, url: str | None) -> None:
        self._provider = provider
        self._url = url
        self._stack = contextlib.ExitStack()
        self._databases: dict[tuple[str, str], Database] = {}
        self._brokers: dict[tuple[str, str | None], Broker] = {}

    def __enter__(self) -> Self:
        self._folder = self._stack.enter_context(temporary_folder(FOLDER_PREFIX))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def bench(self, contender: Contender, database: str) -> Bench:
        """Start what a contender needs, and create its tables and queues.

        Raises:
            Unavailable: a server cannot be had here.
            ServerFailed: a server did not start.
            SubjectUnavailableError: the contender cannot be installed.
            ContenderError: its tables were not created.
        """
        contender.python()
        bench = Bench(
            contender=contender,
            database=self._database(contender, database),
            broker=self._broker(contender),
            folder=self._folder / f"{contender.name}-{database}",
        )
        with bench.scratch("prepare") as site:
            contender.prepare(site)
        return bench

    def _database(self, contender: Contender, name: str) -> Database:
        """Start a server of a contender's own: two of them have tables of one name.

        Those that queue in a broker share one, as the application's database.
        """
        key = (contender.name if contender.databases else "", name)
        if key not in self._databases:
            folder = self._new_folder("-".join(("database", *filter(None, key))))
            database = open_database(name, folder, provider=self._provider, url=self._url)
            self._databases[key] = self._stack.enter_context(database)
            database.check_answer()
            database.reset()
        return self._databases[key]

    def what_died(self) -> str:
        """Say which database does not answer any more, in a sentence; "" if all do."""
        for database in self._databases.values():
            try:
                database.check_answer()
            except Unavailable as error:
                return f"{database.name} died: {error.reason}"
        return ""

    def _broker(self, contender: Contender) -> Broker | None:
        if contender.broker is None:
            return None
        key = (contender.broker, contender.broker_persistence)
        if key not in self._brokers:
            folder = self._new_folder("-".join(filter(None, key)))
            broker = open_broker(key[0], folder, persistence=key[1])
            self._brokers[key] = self._stack.enter_context(broker)
        return self._brokers[key]

    def _new_folder(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder


def database_of(contender: Contender, wanted: Sequence[str]) -> list[str]:
    """Return the wanted databases that a contender queues in.

    For a queue in a broker it is the first one: the application's own database beside it.
    """
    if not contender.databases:
        return list(wanted[:1])
    return [name for name in wanted if name in contender.databases]
