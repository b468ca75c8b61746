"""Engines whose periodic tasks are broken: chains that end, drift, or begin twice."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.commits import commit_first
from chaos.zoo.replacing import Replacement
from chaos.zoo.specimen import Specimen

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.databases import QueueDatabase


def _from_the_end(
    _real: object, _slot: datetime.datetime, seconds: int, after: datetime.datetime
) -> datetime.datetime:
    return after + datetime.timedelta(seconds=seconds)


def _not_unique(real: Callable[..., Any], request: Any) -> Any:
    return real(dataclasses.replace(request, unique=False))


def _without_sequel(
    real: Callable[..., None], database: QueueDatabase, task: Any, *rest: Any
) -> None:
    from background_task.claims import Claim, Expired

    if isinstance(task, Claim):
        task = task._replace(has_sequel=False)
    else:
        task = Expired(
            **{name: getattr(task, name) for name in Expired.__slots__} | {"has_sequel": False}
        )
    real(database, task, *rest)


PERIODIC: Final = (
    Specimen(
        name="cron_row_of_each_worker",
        summary="two workers that declare the same nightly task both add it, so it runs twice",
        provenance="https://github.com/Koed00/django-q/issues/231",
        anomalies=frozenset({"dedupe-violation", "double-fire"}),
        layer="interleaving",
        where="declare twice",
        budget=60,
        replacements=(Replacement(of="cron_schedule:enqueue", by=_not_unique),),
    ),
    Specimen(
        name="next_run_from_the_end",
        summary="an hourly task drifts by as long as it takes, and skips hours in the end",
        provenance="https://github.com/openpolis/django-uwsgi-taskmanager/issues/20",
        anomalies=frozenset({"missed-fire"}),
        layer="model",
        budget=40,
        replacements=(Replacement(of="slots:_interval_slot", by=_from_the_end),),
    ),
    Specimen(
        name="chain_ends_with_a_failure",
        summary="an hourly task that failed for good once never runs again",
        provenance="https://github.com/django-background-tasks/django-background-tasks/issues/296",
        anomalies=frozenset({"missed-fire"}),
        layer="model",
        budget=40,
        replacements=(Replacement(of="outcomes:_dead_letter", by=_without_sequel),),
    ),
    Specimen(
        name="next_run_in_its_own_transaction",
        summary="a worker that dies between a run and the next ends an hourly task for ever",
        provenance="https://github.com/kagkarlsson/db-scheduler/issues/22",
        anomalies=frozenset({"missed-fire"}),
        layer="crash-point",
        where="periodic tick",
        budget=1,
        replacements=(Replacement(of="periodic:enqueue_next", by=commit_first),),
    ),
)
