"""The function behind a row's task name, and the options that it was declared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from background_task.registry import registry

if TYPE_CHECKING:
    from background_task.task_options import TaskOptions


class Body(Protocol):
    """What runs for a task."""

    @property
    def options(self) -> TaskOptions:
        """How it is run."""

    def task_function(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work."""


def find_body(name: str) -> Body:
    """Return what runs for the tasks of this name; raises UnknownTaskError if nothing does."""
    return registry.find(name)
