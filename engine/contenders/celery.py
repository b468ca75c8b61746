"""Celery on Redis and on RabbitMQ, acknowledging early and late: the queues that teams move to.

Each name is one configuration: what the broker keeps when it is killed, and whether a worker
acknowledges a task before it runs it or after. All of them share one environment, and the
project's Django with its database, as an application has it beside its broker.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.brokers import PERSISTENCES, RabbitMQ, client_of, running_broker
from engine.contenders import packages, tables
from engine.contenders.contender import Contender, ContenderError
from engine.contenders.django_queue import REPOSITORY, SHOP
from engine.project.ledger import LEDGER
from engine.project.lifeline import PARENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.contenders.contender import Site

VERSIONS: Final[Mapping[str, str]] = {
    "celery": "5.7.0",
    "kombu": "5.7.0",
    "billiard": "4.3.2",
    "amqp": "5.4.2",
}
QUEUE: Final = "celery"

# The names of Celery's Redis transport: tasks that wait, and those that a worker has taken and not
# acknowledged, scheduled ones among them.
_REDIS_UNACKNOWLEDGED: Final = "unacked"
_REDIS_KEYS: Final = (QUEUE, _REDIS_UNACKNOWLEDGED, "unacked_index", "unacked_mutex")
_APPS: Final = ("django.contrib.contenttypes", "django.contrib.auth", "engine.project")
_EMPTYING_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.02
_PREPARING_SECONDS: Final = 300.0
_DELIVERY: Final[Mapping[tuple[str, str], str]] = {
    ("redis", "early"): "lost if it runs when its process dies; after an hour if it was prefetched",
    ("redis", "late"): "again at once if its process dies, after an hour if the whole worker does",
    ("rabbitmq", "early"): "lost if it runs when its process dies; at once if it was prefetched",
    ("rabbitmq", "late"): "again as soon as its process or its worker's connection is gone",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What distinguishes one Celery contender from another."""

    broker: str
    persistence: str
    is_late: bool

    @property
    def name(self) -> str:
        """Join the words that people type."""
        kept = (self.persistence,) if len(PERSISTENCES[self.broker]) > 1 else ()
        return "-".join(("celery", self.broker, *kept, self.when))

    @property
    def title(self) -> str:
        """Say it for pages."""
        broker = {"redis": "Redis", "rabbitmq": "RabbitMQ"}[self.broker]
        return f"Celery, {broker} ({self.persistence}), {self.when} acknowledgement"

    @property
    def when(self) -> str:
        """Say when a worker acknowledges: before it runs a task, or after."""
        return "late" if self.is_late else "early"

    def settings(self) -> dict[str, Any]:
        """Return Celery's settings, by its names; what is not here has Celery's default.

        Redis redelivers what a dead worker had after its visibility timeout, which stays at its
        default of an hour: with a shorter one, longer tasks run twice.
        """
        late = {
            "task_acks_late": True,
            "task_reject_on_worker_lost": True,
            "worker_prefetch_multiplier": 1,
        }
        confirms = {"broker_transport_options": {"confirm_publish": True}}
        return {
            **(late if self.is_late else {}),
            **(confirms if self.broker == "rabbitmq" else {}),
        }


class Celery(Contender):
    """One configuration of Celery with its prefork pool."""

    databases: tuple[str, ...] = ()
    producer = "engine.contenders.producers.celery"
    knobs: ClassVar[tuple[str, ...]] = ("worker_prefetch_multiplier",)

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.name = configuration.name
        self.title = configuration.title
        self.broker = configuration.broker
        self.broker_persistence = configuration.persistence
        self.delivery = _DELIVERY[configuration.broker, configuration.when]

    def python(self) -> Path:
        """Return the interpreter of the environment of all Celery contenders."""
        return packages.contender_python("celery", _requirements())

    def packages(self) -> dict[str, str]:
        """Return the versions of Celery, of its own packages and of the broker's clients."""
        return packages.versions(_requirements())

    def environment(self, site: Site) -> dict[str, str]:
        """Return what the project's settings and the Celery application read."""
        knobs = {name: site.settings[name] for name in self.knobs if name in site.settings}
        return {
            "PYTHONPATH": str(REPOSITORY),
            "DJANGO_SETTINGS_MODULE": "engine.project.settings",
            "KILLPROOF_DATABASE": json.dumps(dict(site.django_database)),
            # The project without the reference engine, which is not installed here.
            "KILLPROOF_SETTINGS": json.dumps({"INSTALLED_APPS": _APPS}),
            "KILLPROOF_BROKER": _broker_url(site),
            "KILLPROOF_CELERY": json.dumps({**self._configuration.settings(), **knobs}),
            LEDGER: str(site.ledger),
        }

    def prepare(self, site: Site) -> None:
        """Make the database anew with the application's tables, and declare the empty queue.

        Raises:
            ContenderError: it failed; the message has the last line of what it said.
        """
        site.database.reset()
        said, status = self._run(site, "engine.contenders.celery_prepare")
        (site.folder / "prepare.log").write_text(said, encoding="utf-8")
        if status:
            last = (said.strip().splitlines() or ["it said nothing"])[-1]
            raise ContenderError(f"{self.name} could not be prepared: {last}")
        self._empty_queue(site)

    def empty(self, site: Site) -> None:
        """Empty the queue and the shop's tables.

        Raises:
            ContenderError: tasks keep coming back, or the database refused.
        """
        self._empty_queue(site)
        with tables.asking(self.name, site.database) as cursor:
            tables.empty(cursor, site.database, SHOP)

    def worker_command(self, site: Site) -> tuple[str, ...]:
        """Return a worker as it is run in production when it is the only one.

        Gossip, mingle and heartbeats are what workers tell one another and monitors: there is
        nobody to tell. The log level is Celery's default, which is silent about each task.
        """
        return (
            *(str(self.python()), "-m", "celery", "-A", "engine.contenders.celery_app"),
            *("worker", "--pool=prefork", f"--concurrency={site.processes}"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        )

    def held(self, site: Site) -> int:
        """Count the tasks that wait, and those delivered and unacknowledged, scheduled or not."""
        if self.broker == "redis":
            with client_of(_broker_url(site)) as client:
                return int(client.llen(QUEUE)) + int(client.hlen(_REDIS_UNACKNOWLEDGED))
        state = _rabbitmq(site).queues().get(QUEUE)
        return 0 if state is None else state.ready + state.unacknowledged

    def durability(self, site: Site) -> dict[str, str]:
        """Ask the running broker; the database holds none of the tasks."""
        said = running_broker(_broker_url(site)).durability()
        if self.broker == "redis":
            return said
        return {**said, "messages": "persistent", "publisher confirms": "on"}

    def _empty_queue(self, site: Site) -> None:
        """Drop all tasks, and those that come back from a worker that has just died."""
        deadline = time.monotonic() + _EMPTYING_SECONDS
        self._drop(site)
        while held := self.held(site):
            if time.monotonic() > deadline:
                reason = "has a worker been left running?"
                raise ContenderError(f"{self.name} still holds {held} tasks: {reason}")
            time.sleep(_LOOK_SECONDS)
            self._drop(site)

    def _run(self, site: Site, module: str) -> tuple[str, int]:
        try:
            done = subprocess.run(
                [self.python(), "-m", module],
                env={**os.environ, **self.environment(site), PARENT: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_PREPARING_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it did not end within {_PREPARING_SECONDS:.0f} seconds", 1
        return done.stdout, done.returncode

    def _drop(self, site: Site) -> None:
        if self.broker == "redis":
            with client_of(_broker_url(site)) as client:
                client.delete(*_REDIS_KEYS)
        else:
            _rabbitmq(site).purge(QUEUE)


def _requirements() -> dict[str, str]:
    return {**VERSIONS, "redis": importlib.metadata.version("redis")}


def _broker_url(site: Site) -> str:
    if site.broker_url is None:
        raise ContenderError("Celery needs a broker: start one, and give its URL with the site.")
    return site.broker_url


def _rabbitmq(site: Site) -> RabbitMQ:
    broker = running_broker(_broker_url(site))
    if not isinstance(broker, RabbitMQ):
        raise ContenderError(f"The broker of the site is a {broker.name}, and not RabbitMQ.")
    return broker


CONTENDERS: Final[dict[str, Contender]] = {
    configuration.name: Celery(configuration)
    for broker, persistences in PERSISTENCES.items()
    for persistence in persistences
    for configuration in (
        Configuration(broker=broker, persistence=persistence, is_late=False),
        Configuration(broker=broker, persistence=persistence, is_late=True),
    )
}
