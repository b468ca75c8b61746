"""Another function in place of one of the engine's, for as long as an engine is broken."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One function of the engine that does something else.

    Attributes:
        of: the module below ``background_task`` and the function or method, as in ``claims:hold``.
            It is named and not given, as the harness knows specimens without setting Django up.
        by: what is called instead; it takes the real one, and then what that would get.
    """

    of: str
    by: Callable[..., Any]

    @contextlib.contextmanager
    def in_place(self, note: Callable[[], None]) -> Iterator[None]:
        """Put it in the place of the real one; tell whenever it is called."""
        module, _, path = self.of.partition(":")
        *owners, name = path.split(".")
        owner = functools.reduce(
            getattr, owners, importlib.import_module(f"background_task.{module}")
        )

        def noted(*args: Any, **kwargs: Any) -> Any:
            note()
            return self.by(*args, **kwargs)

        with replaced(owner, name, noted):
            yield


@contextlib.contextmanager
def replaced(owner: Any, name: str, by: Callable[..., Any]) -> Iterator[None]:
    """Have an attribute of a module or a class call ``by``, with the real one before the rest."""
    real = getattr(owner, name)

    @functools.wraps(real)
    def instead(*args: Any, **kwargs: Any) -> Any:
        return by(real, *args, **kwargs)

    setattr(owner, name, instead)
    try:
        yield
    finally:
        setattr(owner, name, real)
