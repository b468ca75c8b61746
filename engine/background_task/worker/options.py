"""What a worker was asked to do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from background_task.settings import Settings
    from background_task.terms import Terms


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``process_tasks`` was asked for.

    Attributes:
        workers: child processes, each running one task at a time.
        duration_seconds: stop gracefully after this time, or never.
        sleep_seconds: the longest pause between two looks into an empty queue.
        show_tracebacks: log whole tracebacks of failed attempts, not just their last line.
        settings: the project's.
    """

    workers: int
    duration_seconds: float | None
    sleep_seconds: float
    show_tracebacks: bool
    terms: Terms
    settings: Settings
