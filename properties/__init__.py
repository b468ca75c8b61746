"""Hypothesis: what holds for every order of events, for the engine and for the checkers.

``from properties import assert_idempotent`` is for the tests of other projects; the names are
looked up when they are asked for, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from properties.idempotency import (
        CannotTellError,
        NotIdempotentError,
        assert_idempotent,
        effect_point,
    )

__all__ = ["CannotTellError", "NotIdempotentError", "assert_idempotent", "effect_point"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from properties import idempotency

        return getattr(idempotency, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
