"""The reference engine with something wrong in it, each time one thing only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.contenders.background_task import BackgroundTask

if TYPE_CHECKING:
    from engine.contenders.contender import Site


class BlockingProducer(BackgroundTask):
    """Its producer now and then stops the event loop of the process that sends."""

    name = "blocking-producer"
    producer = "loadtests.tests.planted.blocking_producer"


class SlowProducer(BackgroundTask):
    """Each enqueue takes a known time, in which others may run."""

    name = "slow-producer"
    producer = "loadtests.tests.planted.slow_producer"


class ManyWorkers(BackgroundTask):
    """A worker of its own, which looks for tasks by itself, for each process."""

    name = "many-workers"

    def workers(self, site: Site) -> int:
        """Start as many as there are to be processes."""
        return site.processes

    def worker_arguments(self, site: Site) -> tuple[str, ...]:
        """Give each worker one process."""
        command, _, *rest = super().worker_arguments(site)
        return (command, "--workers=1", *rest)
