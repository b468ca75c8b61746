"""The tasks of this process by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from background_task.exceptions import TaskOptionsError, UnknownTaskError

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.task_options import TaskOptions


class RegisteredTask(Protocol):
    """What a ``TaskProxy`` is for whoever runs it."""

    task_function: Callable[..., Any]
    options: TaskOptions

    @property
    def name(self) -> str:
        """The registered name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Enqueue a call."""

    def now(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function here and now."""


class Registry(dict[str, RegisteredTask]):
    """The tasks that modules of this process have declared."""

    def add(self, proxy: RegisteredTask) -> None:
        """Register a task; raises TaskOptionsError if another function has its name."""
        former = self.get(proxy.name)
        if former is not None and _place(former) != _place(proxy):
            raise TaskOptionsError(
                proxy.name,
                f"{_place(former)} and {_place(proxy)} have the same name; give one a name=",
            )
        self[proxy.name] = proxy

    def find(self, name: str) -> RegisteredTask:
        """Return the task of that name; raises UnknownTaskError if there is none."""
        try:
            return self[name]
        except KeyError:
            raise UnknownTaskError(name) from None


registry: Final = Registry()


def _place(proxy: RegisteredTask) -> str:
    return f"{proxy.task_function.__module__}.{proxy.task_function.__qualname__}"
