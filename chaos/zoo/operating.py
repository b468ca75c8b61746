"""Engines in which operators break things: requeues, prunes, and cancelled tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.engine import SERVERS
from chaos.zoo.replacing import Replacement
from chaos.zoo.specimen import Specimen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from background_task.databases import QueueDatabase


def _keep_attempts(real: Callable[..., Any], row: Any, now: Any) -> Any:
    task = real(row, now)
    task.attempts = row.attempts
    return task


def _delete_then_insert(
    _real: object, database: QueueDatabase, ids: Sequence[int]
) -> tuple[int, int]:
    from background_task import requeue
    from background_task.models import FailedTask, ScheduledTask

    rows = list(FailedTask.objects.using(database.alias).filter(id__in=ids))
    FailedTask.objects.using(database.alias).filter(id__in=ids).delete()
    again = [requeue._again(row, database.now()) for row in rows]  # noqa: SLF001
    ScheduledTask.objects.using(database.alias).bulk_create(again, ignore_conflicts=True)
    return len(rows), len(again)


OPERATING: Final = (
    Specimen(
        name="requeue_without_lock",
        summary="two operators who requeue a failed task make it run twice",
        provenance="a classic, no issue known",
        anomalies=frozenset({"conservation"}),
        layer="interleaving",
        where="two requeues",
        budget=400,
        databases=SERVERS,
        covered_by="on SQLite the transaction that reads the failed tasks has the only lock",
        rewrites=((r"(FROM .background_task_failedtask. WHERE .* ORDER BY .* ASC) FOR .*", r"\1"),),
    ),
    Specimen(
        name="requeue_keeps_attempts",
        summary="a failed task that is requeued fails again before it has run",
        provenance="https://github.com/sidekiq/sidekiq/issues/3101",
        anomalies=frozenset({"early-dead-letter"}),
        layer="model",
        budget=40,
        replacements=(Replacement(of="requeue:_again", by=_keep_attempts),),
    ),
    Specimen(
        name="requeue_deletes_first",
        summary="an operator whose connection breaks loses the tasks that were to be requeued",
        provenance="https://github.com/laravel/ideas/issues/1364",
        anomalies=frozenset({"lost"}),
        layer="crash-point",
        where="requeue",
        budget=1,
        replacements=(Replacement(of="requeue:_requeue", by=_delete_then_insert),),
    ),
    Specimen(
        name="prune_by_creation",
        summary="tasks that waited for long are pruned as soon as they have run",
        provenance="https://github.com/os-autoinst/openQA/pull/6771",
        anomalies=frozenset({"vanished"}),
        layer="model",
        budget=80,
        rewrites=((r"(.background_task_completedtask.\.).completed_at. < ", r"\1created_at < "),),
    ),
    Specimen(
        name="cancel_takes_what_runs",
        summary="a task is cancelled that runs already, and its end is refused",
        provenance="https://github.com/molgenis/molgenis/issues/7886",
        anomalies=frozenset({"vanished"}),
        layer="model",
        budget=80,
        rewrites=((r"(DELETE FROM \S+) WHERE lease_until IS NULL AND id", r"\1 WHERE id"),),
    ),
)
