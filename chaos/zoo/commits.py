"""A commit where the engine makes none: what was one transaction is two.

``commit_first`` and ``commit_afterwards`` are for a ``Replacement`` of any function that takes the
database first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.databases import QueueDatabase


def commit_so_far(database: QueueDatabase) -> None:
    """Commit what the outermost atomic block did until now, and begin anew within it."""
    connection = database.connection
    if not connection.in_atomic_block or connection.savepoint_ids:
        return
    connection.in_atomic_block = False
    connection.commit()
    connection.set_autocommit(autocommit=True)
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    connection.in_atomic_block = True
    with connection.cursor() as cursor:
        database.dialect.begin_writing(cursor)


def commit_first(real: Callable[..., Any], database: QueueDatabase, *rest: Any, **more: Any) -> Any:
    """Commit, then do what the engine does."""
    commit_so_far(database)
    return real(database, *rest, **more)


def commit_afterwards(
    real: Callable[..., Any], database: QueueDatabase, *rest: Any, **more: Any
) -> Any:
    """Do what the engine does, then commit."""
    result = real(database, *rest, **more)
    commit_so_far(database)
    return result
