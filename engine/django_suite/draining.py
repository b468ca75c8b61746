"""A backend that runs each task before its enqueue returns, as Django's immediate backend does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from background_task.backend import DatabaseBackend
from background_task.inline import run_all

if TYPE_CHECKING:
    from background_task.compat import AnyTask


class DrainingBackend(DatabaseBackend):
    """Runs the tasks at once, and each of them once."""

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        options = {"max_attempts": 1, **params.get("OPTIONS", {})}
        super().__init__(alias, {**params, "OPTIONS": options})

    def enqueue(self, task: AnyTask, args: Any, kwargs: Any) -> Any:
        """Enqueue the task, run what is due, and return the result after that."""
        result = super().enqueue(task, args, kwargs)
        run_all()
        return self.get_result(result.id)
