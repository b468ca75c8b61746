"""Steps: like the rules of Hypothesis, each with a weight, and each as likely in every example.

Hypothesis switches rules off at random. That finds what happens when one thing is done all the
time, and hardly ever gets a task from its call over two attempts into the failed ones and back.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

_WEIGHT: Final = "properties.machine.weight"
_ARGUMENTS: Final = "properties.machine.arguments"


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One step that may be taken; printed as the call that it is."""

    name: str
    arguments: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.arguments.items())})"


def step(
    weight: int = 1, /, **arguments: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a method of a machine a step with these arguments."""

    def mark(method: Callable[..., None]) -> Callable[..., None]:
        setattr(method, _WEIGHT, weight)
        setattr(method, _ARGUMENTS, arguments)
        return method

    return mark


def steps_of(*parts: type) -> st.SearchStrategy[Step]:
    """Return all steps of the classes, each as often as it weighs."""
    steps = []
    for method in (method for part in parts for method in vars(part).values()):
        arguments = getattr(method, _ARGUMENTS, None)
        if arguments is not None:
            drawn = st.builds(Step, st.just(method.__name__), st.fixed_dictionaries(arguments))
            steps += [drawn] * getattr(method, _WEIGHT)
    return any_of(*steps)


def any_of(*strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a choice; a strategy that is named twice is chosen twice as often."""
    return st.sampled_from(strategies).flatmap(lambda chosen: chosen)
