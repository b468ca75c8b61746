"""The queues that load tests compare, each in one configuration, by name.

The names below are looked up when they are first asked for: a contender's own processes import
this package too, for its producer and its tasks, and need none of the other contenders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.contenders.catalogue import CONTENDERS, contender_named

__all__ = ["CONTENDERS", "contender_named"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from engine.contenders import catalogue

    return getattr(catalogue, name)
