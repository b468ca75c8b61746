"""Engines in which a claim ends badly: who may end it, and what its end leaves behind."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.commits import commit_afterwards, commit_first, commit_so_far
from chaos.zoo.engine import SERVERS
from chaos.zoo.replacing import Replacement
from chaos.zoo.specimen import Specimen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.outcomes import Failed, Finished, Outcome

Hold = "Callable[[QueueDatabase, Sequence[Claim]], list[Claim]]"


def _hold_by_id(_real: object, database: QueueDatabase, wanted: Sequence[Claim]) -> list[Claim]:
    among, ids = database.dialect.among([claim.id for claim in wanted])
    rows = database.execute(
        "SELECT id FROM background_task_scheduledtask WHERE lease_until IS NOT NULL"  # noqa: S608 - no data
        f" AND id {among} ORDER BY id {database.dialect.lock}",
        ids,
    ).fetchall()
    return [claim for claim in wanted if (claim.id,) in rows]


def _believe(_real: object, _database: QueueDatabase, wanted: Sequence[Claim]) -> list[Claim]:
    return list(wanted)


def _all_or_nothing(
    real: Callable[..., list[Claim]], database: QueueDatabase, wanted: Sequence[Claim]
) -> list[Claim]:
    return list(wanted) if real(database, wanted) else []


def _release_without_asking(
    real: Callable[..., list[Claim]],
    database: QueueDatabase,
    ended: Sequence[Outcome],
    **options: Any,
) -> list[Claim]:
    from background_task import outcomes

    released = [outcome for outcome in ended if isinstance(outcome, outcomes.Released)]
    outcomes.release(database, released)
    rest = [outcome for outcome in ended if outcome not in released]
    return real(database, rest, **options)


def _delete_then_keep(
    _real: object, database: QueueDatabase, finished: Sequence[Finished], **_: object
) -> None:
    from background_task.models import CompletedTask, ScheduledTask

    live, kept = (
        {field.attname for field in model._meta.concrete_fields}  # noqa: SLF001
        for model in (ScheduledTask, CompletedTask)
    )
    for one in finished:
        row = ScheduledTask.objects.using(database.alias).filter(id=one.claim.id)
        (values,) = row.values(*(live & kept))
        row.delete()
        commit_so_far(database)
        end = {"result": one.result, "completed_at": database.now()}
        CompletedTask.objects.using(database.alias).create(**values, **end)


def _without_pause(real: Callable[..., None], database: QueueDatabase, failed: Failed) -> None:
    real(database, dataclasses.replace(failed, retry_in=None))


def _give_back_and_commit(
    real: Callable[..., None], database: QueueDatabase, failed: Failed
) -> None:
    database.execute(
        "UPDATE background_task_scheduledtask SET lease_until = NULL WHERE id = %s",
        (failed.claim.id,),
    )
    commit_so_far(database)
    real(database, failed)


ENDING: Final = (
    Specimen(
        name="finish_by_id",
        summary="a worker that lost its task finishes it under the hands of the one that has it",
        provenance="https://github.com/rails/solid_queue/pull/761",
        anomalies=frozenset({"zombie-finish"}),
        layer="interleaving",
        where="two ticks",
        budget=300,
        replacements=(Replacement(of="claims:hold", by=_hold_by_id),),
    ),
    Specimen(
        name="finish_without_lock",
        summary="a task is taken from its worker between the question whose it is and its end",
        provenance="https://github.com/rails/solid_queue/issues/589",
        anomalies=frozenset({"zombie-finish"}),
        layer="interleaving",
        where="zombie finish",
        budget=120,
        databases=SERVERS,
        covered_by="on SQLite the transaction that asks has the only lock there is",
        rewrites=(
            (r"(lease_until IS NOT NULL AND id .* ORDER BY id) FOR (NO KEY )?UPDATE", r"\1"),
        ),
    ),
    Specimen(
        name="finish_without_asking",
        summary="two workers are both told that they finished the same task",
        provenance="https://github.com/aegra/aegra/issues/502",
        anomalies=frozenset({"zombie-finish"}),
        layer="interleaving",
        where="batch ends",
        budget=30,
        replacements=(Replacement(of="claims:hold", by=_believe),),
    ),
    Specimen(
        name="batch_by_its_best",
        summary="one task that is still its worker's lets the ends of all others through",
        provenance="a classic, no issue known",
        anomalies=frozenset({"zombie-finish", "zombie-heartbeat"}),
        layer="model",
        budget=40,
        replacements=(Replacement(of="claims:hold", by=_all_or_nothing),),
    ),
    Specimen(
        name="release_without_token",
        summary="a worker gives back a task that another one is running",
        provenance="https://github.com/aegra/aegra/pull/547",
        anomalies=frozenset({"zombie-finish"}),
        layer="interleaving",
        where="zombie release",
        budget=30,
        rewrites=((r"(attempts = attempts - 1 WHERE id = %s AND) token = %s", r"\1 %s > 0"),),
        replacements=(Replacement(of="outcomes:record", by=_release_without_asking),),
    ),
    Specimen(
        name="atomic_body_commits_first",
        summary="what an atomic task did stays, though its attempt did not count",
        provenance="a classic, no issue known",
        anomalies=frozenset({"duplicated-effect", "lost"}),
        layer="interleaving",
        where="atomic body",
        budget=30,
        replacements=(Replacement(of="outcomes:record", by=commit_first),),
    ),
    Specimen(
        name="finish_in_two_transactions",
        summary="a task whose worker dies at its end is completed, and runs again",
        provenance="https://github.com/Koed00/django-q/issues/344",
        anomalies=frozenset({"conservation"}),
        layer="crash-point",
        where="finish",
        budget=1,
        replacements=(Replacement(of="outcomes:_keep", by=commit_afterwards),),
    ),
    Specimen(
        name="finish_deletes_first",
        summary="a task whose worker dies at its end has run, and nobody can tell",
        provenance="https://github.com/hatchet-dev/hatchet/issues/4494",
        anomalies=frozenset({"vanished"}),
        layer="crash-point",
        where="finish",
        budget=1,
        replacements=(Replacement(of="outcomes:finish", by=_delete_then_keep),),
    ),
    Specimen(
        name="finish_without_record",
        summary="a finished task is deleted without a trace",
        provenance="a classic, no issue known",
        anomalies=frozenset({"vanished"}),
        layer="model",
        budget=40,
        rewrites=(
            (r"(INSERT INTO background_task_completedtask .* = ended\.id)", r"\1 AND 1 = 0"),
        ),
    ),
    Specimen(
        name="backoff_ignored",
        summary="a task that fails runs again at once, and hammers what is down",
        provenance="https://github.com/timgit/pg-boss/issues/839",
        anomalies=frozenset({"backoff-violation"}),
        layer="model",
        budget=40,
        replacements=(Replacement(of="outcomes:_retry", by=_without_pause),),
    ),
    Specimen(
        name="retry_in_two_transactions",
        summary="a task whose worker dies as it fails runs again without its pause",
        provenance="https://github.com/aegra/aegra/issues/502",
        anomalies=frozenset({"backoff-violation", "illegal-transition"}),
        layer="crash-point",
        where="retry",
        budget=1,
        replacements=(Replacement(of="outcomes:_retry", by=_give_back_and_commit),),
    ),
    Specimen(
        name="retries_without_end",
        summary="a task that always fails is tried for ever",
        provenance="https://github.com/django-q2/django-q2/issues/303",
        anomalies=frozenset({"attempt-overrun"}),
        layer="model",
        budget=40,
        replacements=(Replacement(of="outcomes:has_attempts_left", by=lambda *_: True),),
    ),
    Specimen(
        name="release_is_charged",
        summary="a deploy costs each task that waited in a worker one of its attempts",
        provenance="https://github.com/riverqueue/river/pull/1290",
        anomalies=frozenset({"early-dead-letter"}),
        layer="model",
        budget=40,
        rewrites=((r"attempts = attempts - 1", "attempts = attempts"),),
    ),
)
