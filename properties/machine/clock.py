"""The database's clock, which nobody can step: so it stays, and everything else moves.

To step forward, all times in all rows are shifted into the past. The times of the model are whole
multiples of ``GRAIN``, so the moments that the steps themselves take do not matter.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import DateTimeField, F

from properties.queue_tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model

    from background_task.databases import QueueDatabase

GRAIN: Final = 500


class Clock:
    """Says which time of the model a time of the database is, and the other way round."""

    def __init__(self, database: QueueDatabase) -> None:
        self._database = database
        self._origin = database.now()

    def moment(self, time: datetime.datetime) -> int:
        """Return the model's time."""
        return GRAIN * round((time - self._origin).total_seconds() / GRAIN)

    def time_of(self, moment: int) -> datetime.datetime:
        """Return the database's time."""
        return self._origin + datetime.timedelta(seconds=moment)

    def step(self, seconds: int, tables: Iterable[type[Model]] = TABLES) -> None:
        """Let time pass: whatever these tables say is that much longer ago."""
        past = datetime.timedelta(seconds=seconds)
        self._origin -= past
        with self._database.transaction():
            for table in tables:
                earlier: dict[str, Any] = {
                    field.attname: F(field.attname) - past
                    for field in table._meta.concrete_fields
                    if isinstance(field, DateTimeField)
                }
                table._default_manager.using(self._database.alias).update(**earlier)
