"""What is used of 1.2.8; its package has the name of ours, so it is looked at before it is used.

Raises ImportError when this is imported where the package is another one.
"""

from __future__ import annotations

import datetime
import importlib
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

if TYPE_CHECKING:
    from properties.interleaving.clock import Clock

VERSION: Final = "1.2.8"

_package: Any = importlib.import_module("background_task")
if getattr(_package, "__version__", "") != VERSION:
    raise ImportError(f"background_task is not that of django-background-tasks {VERSION}")

background: Final[Any] = _package.background
models: Final[Any] = importlib.import_module("background_task.models")
signals: Final[Any] = importlib.import_module("background_task.signals")
tasks: Final[Any] = importlib.import_module("background_task.tasks")


def read(clock: Clock) -> None:
    """Have 1.2.8 read this clock: it asks Django for the time, never the database."""
    real = timezone.now
    timezone.now = lambda: real() + datetime.timedelta(seconds=clock.seconds)
