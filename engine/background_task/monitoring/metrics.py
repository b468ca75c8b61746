"""The queue's numbers for Prometheus, read from the database at each scrape.

Nothing is kept in the process, so any number of web processes give the same answer.
"""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder

from background_task.models import Observation
from background_task.monitoring.observations import BOUNDS, PACE
from background_task.monitoring.status import STATES, read_queues, read_workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prometheus_client.core import Metric

    from background_task.databases import QueueDatabase

SERIES: Final = ("queue", "task_name", "ended")


def exposition(database: QueueDatabase, accept: str) -> tuple[bytes, str]:
    """Return the answer to a scrape, and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(QueueCollector(database))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class QueueCollector:
    """Reads the database once, for one scrape."""

    def __init__(self, database: QueueDatabase) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Yield everything that is known about the queue."""
        yield from self._queues()
        yield self._workers()
        kept = Observation.objects.using(self._database.alias).exclude(kind=PACE)
        rows = list(kept.order_by(*SERIES, "at_most"))
        runs = [row for row in rows if row.kind == "run"]
        waits = [row for row in rows if row.kind == "wait"]
        yield _counter("completed", "Attempts that completed their task.", runs)
        yield _counter("failed", "Attempts that failed, the last of their task or not.", runs)
        yield _histogram("wait", "From due to started.", waits, SERIES[:2])
        yield _histogram("run", "From started to ended.", runs, SERIES)

    def _queues(self) -> Iterator[Metric]:
        tasks = GaugeMetricFamily(
            "background_task_tasks", "Tasks that did not complete.", labels=["state", "queue"]
        )
        oldest = GaugeMetricFamily(
            "background_task_oldest_due_seconds",
            "For how long the first due task could have run.",
            labels=["queue"],
        )
        for queue in read_queues(self._database):
            oldest.add_metric([queue.name], queue.oldest_due_seconds)
            for state in STATES:
                tasks.add_metric([state, queue.name], getattr(queue, state))
        yield from (tasks, oldest)

    def _workers(self) -> Metric:
        workers = read_workers(self._database, self._database.now())
        name, documentation = "background_task_workers", "Running process_tasks."
        family = GaugeMetricFamily(name, documentation, labels=["state"])
        for state, is_alive in ("alive", True), ("silent", False):
            family.add_metric([state], sum(worker.is_alive is is_alive for worker in workers))
        return family


def _counter(ended: str, documentation: str, runs: Iterable[Observation]) -> Metric:
    family = CounterMetricFamily(f"background_task_{ended}", documentation, labels=["queue"])
    for queue, rows in itertools.groupby(runs, operator.attrgetter("queue")):
        family.add_metric([queue], sum(row.count for row in rows if row.ended == ended))
    return family


def _histogram(
    kind: str, documentation: str, rows: Iterable[Observation], labels: Sequence[str]
) -> Metric:
    family = HistogramMetricFamily(f"background_task_{kind}_seconds", documentation, labels=labels)
    for values, group in itertools.groupby(rows, operator.attrgetter(*labels)):
        buckets = list(group)
        family.add_metric(values, _cumulative(buckets), sum(row.seconds for row in buckets))
    return family


def _cumulative(rows: Iterable[Observation]) -> list[tuple[str, float]]:
    """Return every bucket, each with all that is in the smaller ones, as Prometheus wants them."""
    counts = {row.at_most: float(row.count) for row in rows}
    totals = itertools.accumulate(counts.get(bound, 0.0) for bound in BOUNDS)
    return list(zip([*map(str, BOUNDS[:-1]), "+Inf"], totals, strict=True))
