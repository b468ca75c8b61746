"""What a load test asks of a queue, whichever it is: an enqueue, workers, and how many are left.

A contender runs in processes of its own, with its own Python: the harness imports none of it.
Producers run there too: the load generator is started with the contender's Python and imports
the module that ``producer`` names.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.databases import Database


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a contender runs in one step.

    Attributes:
        database: the started database: the queue's own, or the application's beside a broker.
        django_database: its entry of Django's DATABASES, with the knobs of the step applied.
        broker_url: of the started broker; None for a queue without one.
        folder: for what the step's processes write; it exists and is empty at first.
        ledger: the folder of the ledger, below it.
        processes: worker processes that run tasks at the same time.
        settings: knobs for the contender, such as ``sleep_seconds``; see ``Contender.knobs``.
    """

    database: Database
    django_database: Mapping[str, Any]
    broker_url: str | None
    folder: Path
    ledger: Path
    processes: int
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Contender(abc.ABC):
    """One queue in one configuration.

    Attributes:
        name: what people type after ``--contender``, such as "celery-redis-always-late".
        title: what pages call it.
        databases: names of the databases that it can queue in; () if it queues in a broker.
        broker: None, "redis" or "rabbitmq", with ``broker_persistence`` in the broker's own words.
        delivery: what it promises when a worker dies, in a few words.
        producer: the module that enqueues, with the functions of ``Producer``.
        knobs: the settings of a Site that it understands.
    """

    name: str
    title: str
    databases: tuple[str, ...]
    broker: str | None
    broker_persistence: str | None
    delivery: str
    producer: str
    knobs: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def python(self) -> Path:
        """Return the interpreter that has it and Locust installed, installing them if need be.

        Raises:
            SubjectUnavailableError: it cannot be installed.
        """

    @abc.abstractmethod
    def packages(self) -> dict[str, str]:
        """Return the versions of what decides its speed, by package."""

    @abc.abstractmethod
    def environment(self, site: Site) -> dict[str, str]:
        """Return the environment of all its processes, producers included (added to ours)."""

    @abc.abstractmethod
    def prepare(self, site: Site) -> None:
        """Create its tables and queues, emptying them if they are there.

        Raises:
            ContenderError: it failed; the message has the last line of what it said.
        """

    @abc.abstractmethod
    def empty(self, site: Site) -> None:
        """Empty its tables or queues between two steps, quickly; no worker runs meanwhile."""

    @abc.abstractmethod
    def worker_command(self, site: Site) -> tuple[str, ...]:
        """Return the command of one worker with ``site.processes`` processes; it is argv."""

    def workers(self, site: Site) -> int:
        """Return how many such workers to start: more than one if they have one process each."""
        del site
        return 1

    @abc.abstractmethod
    def held(self, site: Site) -> int:
        """Count the tasks that it holds: waiting, scheduled or delivered and unacknowledged."""

    def durability(self, site: Site) -> dict[str, str]:
        """Return the settings on which an acknowledged enqueue's survival depends."""
        return site.database.durability()


class ContenderError(Exception):
    """A contender did not do what a run cannot go on without: one sentence."""


class Job(Protocol):
    """What one task is asked to do; ``loadtests.workload`` draws them."""

    work_ms: float
    is_cpu: bool
    payload_bytes: int
    fails_first: bool
    delay_seconds: float


class Producer(Protocol):
    """The functions of a producer module; they run in the generator, under gevent."""

    def connect(self) -> None:
        """Import the queue and open what a first enqueue would otherwise pay for."""

    def enqueue(self, key: int, intended_ns: int, job: Job) -> None:
        """Enqueue one task through the queue's public interface; return when acknowledged."""
