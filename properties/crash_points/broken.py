"""Engines with one operation that is not one transaction, by the anomaly that must be named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from background_task import bulk, claims, enqueue, outcomes, periodic, requeue
from background_task.databases import SCHEDULED
from background_task.models import CompletedTask, FailedTask, ScheduledTask

if TYPE_CHECKING:
    import pytest

    from background_task.databases import QueueDatabase

Break = Callable[["pytest.MonkeyPatch"], None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An engine that is broken by ``apply``, which shows at an operation as an anomaly."""

    name: str
    operation: str
    anomaly: str
    apply: Break


def _commit_early(database: QueueDatabase) -> None:
    database.connection.connection.commit()


def _move_late(database: QueueDatabase, model: Any, id_: int, **ended: object) -> None:
    """Take a task out of the queue in one transaction, and put it elsewhere in the next."""
    row = ScheduledTask.objects.get(id=id_)
    names = {field.attname for field in model._meta.concrete_fields}
    kept = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname in names
    }
    ScheduledTask.objects.filter(id=id_).delete()
    _commit_early(database)
    model.objects.create(**kept, **ended)


def _finish_late(patch: pytest.MonkeyPatch) -> None:
    def finish(database: QueueDatabase, finished: Sequence[Any], **_: object) -> None:
        for one in finished:
            end = {"result": one.result, "completed_at": database.now()}
            _move_late(database, CompletedTask, one.claim.id, **end)

    patch.setattr(outcomes, "finish", finish)


def _dead_letter_late(patch: pytest.MonkeyPatch) -> None:
    def dead_letter(database: QueueDatabase, task: Any, error: str, *_: object) -> None:
        _move_late(database, FailedTask, task.id, error=error, failed_at=database.now())

    patch.setattr(outcomes, "_dead_letter", dead_letter)


def _first(module: Any, name: str) -> Break:
    """Return the break that commits before a function is called."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        real = getattr(module, name)

        def late(database: QueueDatabase, *rest: Any, **options: Any) -> Any:
            _commit_early(database)
            return real(database, *rest, **options)

        patch.setattr(module, name, late)

    return apply


def _charge_late(patch: pytest.MonkeyPatch) -> None:
    real = claims.claim

    def claim(database: QueueDatabase, *rest: Any, **options: Any) -> Any:
        claimed = real(database, *rest, **options)
        held = f"UPDATE {SCHEDULED} SET attempts = attempts %s 1 WHERE lease_until IS NOT NULL"  # noqa: S608
        database.execute(held.replace("%s", "-"))
        _commit_early(database)
        database.execute(held.replace("%s", "+"))
        return claimed

    patch.setattr(claims, "claim", claim)


def _requeue_late(patch: pytest.MonkeyPatch) -> None:
    def move(database: QueueDatabase, ids: Sequence[int]) -> tuple[int, int]:
        failed = FailedTask.objects.filter(id__in=ids)
        rows = list(failed)
        failed.delete()
        again = [requeue._again(row, database.now()) for row in rows]
        ScheduledTask.objects.bulk_create(again)
        return len(rows), len(rows)

    patch.setattr(requeue, "_requeue", move)


def _enqueue_without_key(patch: pytest.MonkeyPatch) -> None:
    real = enqueue._insert

    def insert(database: QueueDatabase, request: Any, hash_: str) -> Any:
        return real(database, dataclasses.replace(request, unique=False), hash_)

    patch.setattr(enqueue, "_insert", insert)


def _write_one_by_one(patch: pytest.MonkeyPatch) -> None:
    real = bulk._write

    def write(database: QueueDatabase, request: Any, all_params: Sequence[str]) -> list[Any]:
        written = []
        for params in all_params:
            written += real(database, request, [params])
            _commit_early(database)
        return written

    patch.setattr(bulk, "_write", write)


def _pause_late(patch: pytest.MonkeyPatch) -> None:
    real = outcomes._retry

    def retry(database: QueueDatabase, failed: Any) -> None:
        real(database, dataclasses.replace(failed, retry_in=None))
        _commit_early(database)
        real(database, failed)

    patch.setattr(outcomes, "_retry", retry)


def _broken(name: str, operation: str, anomaly: str, apply: Break) -> Broken:
    return Broken(name=name, operation=operation, anomaly=anomaly, apply=apply)


BROKEN: Final = (
    _broken("finish deletes first", "finish", "vanished", _finish_late),
    _broken("finish keeps first", "finish", "conservation", _first(outcomes, "_leave")),
    _broken("reaper deletes first", "reap to a dead letter", "lost", _dead_letter_late),
    _broken("charge comes late", "claim", "uncounted-attempt", _charge_late),
    _broken("requeue deletes first", "requeue", "lost", _requeue_late),
    _broken(
        "next run comes late", "periodic tick", "missed-fire", _first(periodic, "enqueue_next")
    ),
    _broken("no key", "enqueue until heard", "dedupe-violation", _enqueue_without_key),
    _broken("call by call", "bulk enqueue", "torn-batch", _write_one_by_one),
    _broken("end comes late", "atomic body", "duplicated-effect", _first(outcomes, "record")),
    _broken("pause comes late", "retry", "illegal-transition", _pause_late),
)
