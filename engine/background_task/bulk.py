"""Enqueue many calls at once: one transaction, and the guarantees of single calls."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db import OperationalError, transaction

from background_task import held_hashes
from background_task.arguments import encode, task_hash
from background_task.databases import SCHEDULED, STATEMENT_BYTES
from background_task.enqueue import common_columns, queue_database
from background_task.exceptions import TaskArgumentsError
from background_task.notifications import announce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.databases import QueueDatabase
    from background_task.enqueue import Enqueue

ROWS_PER_STATEMENT: Final = 1000
_ROUNDS: Final = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def call(*args: Any, **kwargs: Any) -> Call:
    """Return a call with these arguments, for ``enqueue_many``."""
    return Call(args, kwargs)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """What became of one call.

    Attributes:
        id: the new task, or the task that the call duplicates.
        is_duplicate: which of the two.
    """

    id: int
    is_duplicate: bool


def encode_calls(
    task_name: str, calls: Iterable[Call | Sequence[Any]], *, max_bytes: int
) -> list[str]:
    """Return the arguments of all calls as canonical JSON; a sequence has no keyword arguments.

    Raises:
        TaskArgumentsError: one of them cannot be stored; the message says which.
    """
    encoded = []
    for number, given in enumerate(calls, start=1):
        if isinstance(given, str | bytes) or not isinstance(given, Call | Sequence):
            raise TaskArgumentsError(
                task_name,
                f"call {number} is {given!r:.80}; give a tuple of arguments, or call(...)",
            )
        args, kwargs = (given.args, given.kwargs) if isinstance(given, Call) else (given, {})
        try:
            encoded.append(encode(task_name, args, kwargs, max_bytes=max_bytes))
        except TaskArgumentsError as error:
            raise TaskArgumentsError(task_name, f"in call {number} {error.reason}") from None
    return encoded


def enqueue_many(request: Enqueue, all_params: Sequence[str]) -> list[Enqueued]:
    """Write a task for each of ``all_params``, otherwise as the request says, or none of them.

    Returns:
        What became of each, in the order of ``all_params``.
    """
    database = queue_database()

    def write() -> list[Enqueued]:
        with transaction.atomic(using=database.alias):
            return [
                enqueued
                for batch in _batches(all_params)
                for enqueued in _write(database, request, batch)
            ]

    enqueued = database.retry_transient(write)
    announce(database)
    return enqueued


def _batches(all_params: Sequence[str]) -> Iterator[list[str]]:
    """Yield what fits into one statement."""
    batch, size = list[str](), 0
    for params in all_params:
        size += len(params)
        if batch and (size > STATEMENT_BYTES or len(batch) == ROWS_PER_STATEMENT):
            yield batch
            batch, size = [], len(params)
        batch.append(params)
    if batch:
        yield batch


def _write(database: QueueDatabase, request: Enqueue, all_params: Sequence[str]) -> list[Enqueued]:
    rows = [(params, task_hash(request.task_name, params)) for params in all_params]
    if not request.unique:
        new = _insert(database, request, rows)
        return [Enqueued(id=new[hash_].popleft(), is_duplicate=False) for _, hash_ in rows]
    fresh, taken = _claim_hashes(database, request, {hash_: params for params, hash_ in rows})
    enqueued = []
    for _, hash_ in rows:
        # The first call with its hash made the row; the others in this batch duplicate it.
        id_ = fresh.pop(hash_, None)
        enqueued.append(Enqueued(id=taken[hash_] if id_ is None else id_, is_duplicate=id_ is None))
        if id_ is not None:
            taken[hash_] = id_
    return enqueued


def _claim_hashes(
    database: QueueDatabase, request: Enqueue, missing: dict[str, str]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the ids of new tasks, and those of the tasks that had the other hashes before."""
    fresh, taken = dict[str, int](), dict[str, int]()
    for _ in range(_ROUNDS):
        rows = [(params, hash_) for hash_, params in missing.items()]
        new = {hash_: ids[0] for hash_, ids in _insert(database, request, rows).items()}
        if request.hold_seconds is not None:
            held = held_hashes.holders(database, list(new))
            _delete(database, [new.pop(hash_) for hash_ in held])
            taken |= held
        fresh |= new
        missing = {h: p for h, p in missing.items() if h not in fresh and h not in taken}
        taken |= _live_ids(database, list(missing))
        # A live task that ended between the two statements has left its hash free.
        missing = {h: p for h, p in missing.items() if h not in taken}
        if not missing:
            return fresh, taken
    raise OperationalError(
        f"{request.task_name}: live duplicates of {len(missing)} calls came and went {_ROUNDS} "
        "times in a row, so none of the calls was enqueued; try again"
    )


def _insert(
    database: QueueDatabase, request: Enqueue, rows: Sequence[tuple[str, str]]
) -> dict[str, collections.deque[int]]:
    """Insert the rows whose hash is free; return the new ids by hash, in the order of the rows."""
    columns, values = common_columns(database, request)
    new = database.insert_many_unless_live(columns, values, rows, is_unique=request.unique)
    ids: dict[str, collections.deque[int]] = collections.defaultdict(collections.deque)
    for id_, hash_ in sorted(new):
        ids[hash_].append(id_)
    return ids


def _live_ids(database: QueueDatabase, hashes: Sequence[str]) -> dict[str, int]:
    if not hashes:
        return {}
    among, values = database.dialect.among(hashes)
    sql = f"SELECT live_hash, id FROM {SCHEDULED} WHERE live_hash {among}"
    return dict(database.execute(sql, values).fetchall())


def _delete(database: QueueDatabase, ids: Sequence[int]) -> None:
    if ids:
        among, values = database.dialect.among(ids)
        database.execute(f"DELETE FROM {SCHEDULED} WHERE id {among}", values)
