"""What a number of a profile may be: written beside the default of its field."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

_KEY: Final = "bounds"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The range of a number, or the words that are allowed in a list; ``str`` ends a sentence."""

    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    words: tuple[str, ...] = ()

    def hold(self, number: float) -> bool:
        """Tell whether a number is within."""
        return (
            (self.above is None or number > self.above)
            and (self.at_least is None or number >= self.at_least)
            and (self.at_most is None or number <= self.at_most)
        )

    def __str__(self) -> str:
        if self.at_most is not None:
            return f" between {self.at_least:g} and {self.at_most:g}"
        if self.above is not None:
            return f" above {self.above:g}"
        return "" if self.at_least is None else f", {self.at_least:g} or more"


def positive(default: Any = dataclasses.MISSING) -> Any:
    """Declare a number above 0."""
    return _field(default, Bounds(above=0))


def not_negative(default: Any = dataclasses.MISSING) -> Any:
    """Declare a number of 0 or more."""
    return _field(default, Bounds(at_least=0))


def share(default: Any = dataclasses.MISSING) -> Any:
    """Declare a number between 0 and 1."""
    return _field(default, Bounds(at_least=0, at_most=1))


def at_least(least: float, default: Any = dataclasses.MISSING) -> Any:
    """Declare a number with a lower end."""
    return _field(default, Bounds(at_least=least))


def above(limit: float, default: Any = dataclasses.MISSING) -> Any:
    """Declare a number with a lower end that is itself too low."""
    return _field(default, Bounds(above=limit))


def words(allowed: tuple[str, ...], default: Any = dataclasses.MISSING) -> Any:
    """Declare a list of words."""
    return _field(default, Bounds(words=allowed))


def bounds_of(field: dataclasses.Field[Any]) -> Bounds:
    """Return what was declared; no bounds if nothing was."""
    declared = field.metadata.get(_KEY, Bounds())
    assert isinstance(declared, Bounds)  # noqa: S101 - metadata is untyped
    return declared


def _field(default: Any, bounds: Bounds) -> Any:
    return dataclasses.field(default=default, metadata={_KEY: bounds})
