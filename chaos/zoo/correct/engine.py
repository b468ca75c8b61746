"""A correct engine: which mechanism it has in place of the reference engine's, and whose it is."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from chaos.zoo.specimen import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.zoo.replacing import Replacement


class Change:
    """What became of an engine's own mechanism while it was in place.

    Attributes:
        times: how often it was used.
    """

    def __init__(self) -> None:
        self.times = 0

    @property
    def was_exercised(self) -> bool:
        """Whether it was used at all: an engine that was the reference engine proves nothing."""
        return self.times > 0

    def note(self) -> None:
        """Count a use."""
        self.times += 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    """One engine that keeps every promise in a way of its own.

    Attributes:
        summary: what it does.
        provenance: which queue does it so.
        databases: where it must stay clean.
        replacements: functions that do the same in another way.
    """

    name: str
    summary: str
    provenance: str
    databases: tuple[str, ...] = ALL
    replacements: tuple[Replacement, ...]

    @contextlib.contextmanager
    def applied(self) -> Iterator[Change]:
        """Have the engine do it so in this process, for every thread and connection."""
        change = Change()
        with contextlib.ExitStack() as stack:
            for replacement in self.replacements:
                stack.enter_context(replacement.in_place(change.note))
            yield change
