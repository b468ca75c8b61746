"""Settings of the contender and of Django's connections, changed before the processes start."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from loadtests.knobs.knob import Change, Knob, queues_in_broker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.contenders.contender import Contender, Site
    from engine.databases import Database
    from loadtests.knobs.knob import Turned

POLLING = "sleep_seconds"
BATCH = "worker_prefetch_multiplier"
_AGE = "CONN_MAX_AGE"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Polling(Knob):
    """Workers that look into an empty queue every ``sleep_seconds``."""

    sleep_seconds: float

    def why_not(self, contender: Contender, database: Database) -> str:
        """Refuse queues that do not poll, or not at a pace of our choice."""
        del database
        if POLLING in contender.knobs:
            return ""
        return f"{contender.name} lets nobody choose how often it looks into an empty queue."

    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Name both pauses."""
        del workload
        before = site.settings.get(POLLING)
        pause = "the pause that is the queue's default" if before is None else f"{before:g} s"
        return Change(
            before=f"{pause} between looks into an empty queue",
            after=f"{self.sleep_seconds:g} s between looks into an empty queue",
        )

    def adjusted(self, site: Site, workload: Mapping[str, Any]) -> Turned:
        """Change the pause."""
        settings = {**site.settings, POLLING: self.sleep_seconds}
        return dataclasses.replace(site, settings=settings), workload


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Knob):
    """Workers that take ``tasks`` at once for each of their processes."""

    tasks: int

    def why_not(self, contender: Contender, database: Database) -> str:
        """Refuse queues without such a setting; background_task chooses by itself, as it runs."""
        del database
        if BATCH in contender.knobs:
            return ""
        return f"{contender.name} lets nobody choose how many tasks it takes at once."

    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Name both numbers."""
        del workload
        before = site.settings.get(BATCH)
        number = "the default number of tasks" if before is None else _tasks(before)
        return Change(
            before=f"{number} taken at once for each process",
            after=f"{_tasks(self.tasks)} taken at once for each process",
        )

    def adjusted(self, site: Site, workload: Mapping[str, Any]) -> Turned:
        """Change the number."""
        settings = {**site.settings, BATCH: self.tasks}
        return dataclasses.replace(site, settings=settings), workload


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Knob):
    """Connections that are not kept: what it costs to open them.

    Django closes a connection that is not kept when the application says that it is done with it,
    so this moves nothing in processes that never say so.
    """

    def why_not(self, contender: Contender, database: Database) -> str:
        """Refuse queues in brokers."""
        del database
        return queues_in_broker(self.name, contender)

    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Name both ages."""
        del workload
        age = site.django_database.get(_AGE, 0)
        before = "kept for good" if age is None else f"kept for {age:g} s"
        return Change(before=f"connections {before}", after="connections not kept")

    def adjusted(self, site: Site, workload: Mapping[str, Any]) -> Turned:
        """Keep none."""
        entry = {**site.django_database, _AGE: 0}
        return dataclasses.replace(site, django_database=entry), workload


def _tasks(number: int) -> str:
    return "1 task" if number == 1 else f"{number} tasks"
