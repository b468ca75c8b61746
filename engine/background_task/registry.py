"""The tasks of this process by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from background_task.exceptions import TaskOptionsError, UnknownTaskError

if TYPE_CHECKING:
    from background_task.tasks import TaskProxy


class Registry(dict[str, "TaskProxy[Any, Any]"]):
    """The tasks that modules of this process have declared."""

    def add(self, proxy: TaskProxy[Any, Any]) -> None:
        """Register a task; raises TaskOptionsError if another function has its name."""
        former = self.get(proxy.name)
        if former is not None and _place(former) != _place(proxy):
            raise TaskOptionsError(
                proxy.name,
                f"{_place(former)} and {_place(proxy)} have the same name; give one a name=",
            )
        self[proxy.name] = proxy

    def find(self, name: str) -> TaskProxy[Any, Any]:
        """Return the task of that name; raises UnknownTaskError if there is none."""
        try:
            return self[name]
        except KeyError:
            raise UnknownTaskError(name) from None


registry: Final = Registry()


def _place(proxy: TaskProxy[Any, Any]) -> str:
    return f"{proxy.task_function.__module__}.{proxy.task_function.__qualname__}"
