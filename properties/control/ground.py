"""Where a bug of 1.2.8 is looked for: empty tables, a clock, and a story that nobody told yet."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from properties.control.actors import LOCK_SECONDS, Producer, Worker
from properties.control.theirs import models
from properties.stories.judge import liveness, safety
from properties.stories.story import Story
from properties.stories.tables import Row, Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from properties.interleaving import Sessions

ROUNDS: Final = 8


class Ground:
    """Empty tables, and who takes part.

    Attributes:
        replaced: rows that a call replaced on purpose.
    """

    def __init__(self, sessions: Sessions) -> None:
        sessions.clock.seconds = 0
        for model in (models.Task, models.CompletedTask):
            model.objects.all().delete()
        self.clock = sessions.clock
        self.story = Story(sessions.clock)
        self.replaced: set[int] = set()
        self._tokens = itertools.count(1)
        self._calls: dict[str, int] = {}

    def worker(self, name: str) -> Worker:
        """Return a worker of that name."""
        return Worker(name=name, story=self.story, tokens=self._tokens)

    def producer(self, name: str) -> Producer:
        """Return a producer of that name."""
        return Producer(name=name, story=self.story, calls=self._calls)

    def let_locks_run_out(self) -> None:
        """Let more time pass than a lock lasts, or a retry waits."""
        self.clock.seconds += int(LOCK_SECONDS) + 60

    def anomaly(self) -> str | None:
        """Judge; if nothing is wrong yet, recover and judge again."""
        return safety(self.story, self.tables()) or liveness(self.story, self.recover())

    def recover(self) -> Tables:
        """Do what workers that are alive do, until there is nothing left to do."""
        left = self.worker("recovery")
        for _ in range(ROUNDS):
            self.let_locks_run_out()
            while left.work():
                pass
            tables = self.tables()
            if not tables.unfinished:
                break
        return tables

    def tables(self) -> Tables:
        """Read both tables; a row of the second does not say whose it is, but of which call."""
        ended = {
            failed: {
                self._calls[hash_]: Row(task_name=name, attempts=attempts)
                for hash_, name, attempts in _completed(is_failed=failed)
                if hash_ in self._calls
            }
            for failed in (False, True)
        }
        return Tables(
            live=_live(),
            completed=ended[False],
            failed=ended[True],
            deleted=frozenset(self.replaced),
        )


def _live() -> dict[int, Row]:
    columns = ("id", "task_name", "attempts", "task_hash", "repeat", "locked_by")
    return {
        id_: Row(
            task_name=name,
            attempts=attempts,
            # It never promised to keep the runs of a chain apart.
            task_hash=None if repeat else hash_,
            is_periodic=repeat > 0,
            is_claimed=owner is not None,
        )
        for id_, name, attempts, hash_, repeat, owner in models.Task.objects.values_list(*columns)
    }


def _completed(*, is_failed: bool) -> Iterator[tuple[str, str, int]]:
    rows = models.CompletedTask.objects.filter(failed_at__isnull=not is_failed)
    yield from rows.values_list("task_hash", "task_name", "attempts")
