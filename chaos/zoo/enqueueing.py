"""Engines that put the wrong things into the queue: duplicates, halves, and what was undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.commits import commit_afterwards, commit_first, commit_so_far
from chaos.zoo.replacing import Replacement
from chaos.zoo.specimen import Specimen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from background_task.bulk import Enqueued
    from background_task.databases import QueueDatabase
    from background_task.enqueue import Enqueue

_NO_KEY: Final = (
    r"(\(task_params, task_hash, live_hash,.* VALUES \(%s, %s,) %s,",
    r"\1 CASE WHEN 1 = 0 THEN %s END,",
)


def _look_then_insert(
    real: Callable[..., Any], database: QueueDatabase, request: Enqueue, hash_: str
) -> Any:
    from background_task.models import ScheduledTask

    if request.unique:
        live = ScheduledTask.objects.using(database.alias).filter(task_hash=hash_).first()
        if live is not None:
            return live
    return real(database, request, hash_)


def _ask_then_insert(
    real: Callable[..., Any], database: QueueDatabase, request: Enqueue, hash_: str
) -> Any:
    from background_task import held_hashes
    from background_task.models import CompletedTask

    if request.unique and request.hold_seconds is not None:
        id_ = held_hashes.holders(database, [hash_]).get(hash_)
        if id_ is not None:
            return CompletedTask(id=id_, task_hash=hash_)
    return real(database, request, hash_)


def _never_unique(real: Callable[..., Any], *args: Any, **_: Any) -> Any:
    return real(*args, is_unique=False)


def _one_by_one(
    real: Callable[..., list[Enqueued]],
    database: QueueDatabase,
    request: Enqueue,
    all_params: Sequence[str],
) -> list[Enqueued]:
    enqueued = []
    for params in all_params:
        enqueued += real(database, request, [params])
        commit_so_far(database)
    return enqueued


def _hold_for_the_dead(
    real: Callable[..., None], database: QueueDatabase, task: Any, *rest: Any
) -> None:
    from background_task import held_hashes

    held_hashes.hold_hashes(database, [task.id])
    real(database, task, *rest)


ENQUEUEING: Final = (
    Specimen(
        name="no_unique_index",
        summary="a duplicate of a live task is enqueued as well",
        provenance="https://github.com/rq/rq/issues/719",
        anomalies=frozenset({"dedupe-violation"}),
        layer="model",
        budget=40,
        rewrites=(_NO_KEY,),
    ),
    Specimen(
        name="dedupe_by_looking",
        summary="two equal calls at the same moment both find nothing, and both are enqueued",
        provenance="https://github.com/owncloud/core/issues/25322",
        anomalies=frozenset({"dedupe-violation"}),
        layer="interleaving",
        where="two enqueues",
        budget=120,
        rewrites=(_NO_KEY,),
        replacements=(Replacement(of="enqueue:_insert", by=_look_then_insert),),
    ),
    Specimen(
        name="window_asked_too_early",
        summary="a call between the end of a task and its own insert runs a second time",
        provenance="https://github.com/open-mercato/cezar/issues/112",
        anomalies=frozenset({"dedupe-violation"}),
        layer="interleaving",
        where="window",
        budget=100,
        replacements=(
            Replacement(of="enqueue:_insert", by=_ask_then_insert),
            Replacement(of="held_hashes:holder", by=lambda *_: None),
        ),
    ),
    Specimen(
        name="enqueue_commits",
        summary="a task runs whose caller was rolled back",
        provenance="https://github.com/rails/rails/pull/55788",
        anomalies=frozenset({"aborted-enqueue-executed"}),
        layer="interleaving",
        where="rolled back call",
        budget=20,
        replacements=(Replacement(of="enqueue:_insert", by=commit_afterwards),),
    ),
    Specimen(
        name="enqueue_after_the_commit",
        summary="what a caller wrote is there, and the task that it was to start is not",
        provenance="https://github.com/rails/rails/pull/51426",
        anomalies=frozenset({"torn-batch"}),
        layer="crash-point",
        where="enqueue in a transaction",
        budget=1,
        replacements=(Replacement(of="enqueue:_insert", by=commit_first),),
    ),
    Specimen(
        name="bulk_without_dedupe",
        summary="calls that are made at once are enqueued though they are live",
        provenance="https://github.com/oban-bg/oban/issues/388",
        anomalies=frozenset({"dedupe-violation"}),
        layer="model",
        budget=40,
        replacements=(
            Replacement(of="databases:QueueDatabase.insert_many_unless_live", by=_never_unique),
        ),
    ),
    Specimen(
        name="bulk_one_by_one",
        summary="a producer that dies in the middle of a batch has enqueued half of it",
        provenance="https://github.com/hibiken/asynq/pull/1094",
        anomalies=frozenset({"torn-batch"}),
        layer="crash-point",
        where="bulk enqueue",
        budget=1,
        replacements=(Replacement(of="bulk:_write", by=_one_by_one),),
    ),
    Specimen(
        name="hold_of_a_dead_letter",
        summary="after a task has failed for good, equal calls are refused as its duplicates",
        provenance="https://github.com/zoolutions/sidekiq-unique-jobs/issues/304",
        anomalies=frozenset({"stale-key"}),
        layer="model",
        budget=40,
        replacements=(Replacement(of="outcomes:_dead_letter", by=_hold_for_the_dead),),
    ),
)
