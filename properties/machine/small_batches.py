"""What the engine does in batches, done in so small ones that a few tasks are several of them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final
from unittest import mock

from background_task import bulk, requeue
from background_task.monitoring import control
from properties.machine import operating

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE: Final = 2
_BATCHES: Final = (
    (bulk, "ROWS_PER_STATEMENT"),
    (requeue, "BATCH"),
    (control, "BATCH"),
    (operating, "BATCH"),
)


@contextlib.contextmanager
def small_batches() -> Iterator[None]:
    """Have all batches of ``SIZE`` meanwhile."""
    with contextlib.ExitStack() as stack:
        for module, name in _BATCHES:
            stack.enter_context(mock.patch.object(module, name, SIZE))
        yield
