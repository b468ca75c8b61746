"""The Django app that takes the engine's transactions away, in a worker's processes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from collections.abc import Iterator


class CarelessConfig(AppConfig):
    """Installed by the settings of a test's subject only."""

    name = "chaos.tests.careless"
    label = "careless"

    def ready(self) -> None:
        """Have every statement commit by itself from now on."""
        from background_task.databases import QueueDatabase

        @contextlib.contextmanager
        def transaction(self: QueueDatabase) -> Iterator[None]:
            del self
            yield

        QueueDatabase.transaction = transaction  # type: ignore[method-assign]
