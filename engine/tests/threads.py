"""Threads that use the database, each with a connection of its own that it closes."""

from __future__ import annotations

import concurrent.futures
import contextlib
from typing import TYPE_CHECKING, TypeVar

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class Threads:
    """Starts functions in threads."""

    def __init__(self, pool: concurrent.futures.ThreadPoolExecutor) -> None:
        self._pool = pool

    def start(self, function: Callable[[], T]) -> concurrent.futures.Future[T]:
        """Start ``function`` in a thread."""
        return self._pool.submit(_with_own_connection, function)


@contextlib.contextmanager
def threads(count: int) -> Iterator[Threads]:
    """Offer so many threads, and wait for what they do at the end."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        yield Threads(pool)


def _with_own_connection(function: Callable[[], T]) -> T:
    try:
        return function()
    finally:
        connections.close_all()
