"""An engine that is ours with one small change, be that wrong or right in another way."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Final

from chaos.zoo.rewriting import Rewrite, rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.zoo.replacing import Replacement

SERVERS: Final = ("postgresql", "mysql", "mariadb")
ALL: Final = ("sqlite", *SERVERS)


class Change:
    """What became of the change of an engine while it was in place.

    Attributes:
        times: how often it was used: statements that were rewritten, and calls of what takes a
            function's place.
    """

    def __init__(self) -> None:
        self.times = 0

    @property
    def was_exercised(self) -> bool:
        """Whether it was used at all: who was always the reference engine proves nothing."""
        return self.times > 0

    def note(self) -> None:
        """Count a use."""
        self.times += 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChangedEngine:
    """Ours with one small change.

    Attributes:
        summary: what its users would see, or what it does.
        provenance: where this is or was so: a project, its issue, or that none is known.
        databases: where it is another engine than ours.
        rewrites: regular expressions over SQL, and what replaces their matches.
        replacements: functions that do something else.
    """

    name: str
    summary: str
    provenance: str
    databases: tuple[str, ...] = ALL
    rewrites: tuple[Rewrite, ...] = ()
    replacements: tuple[Replacement, ...] = ()

    @contextlib.contextmanager
    def applied(self) -> Iterator[Change]:
        """Change the engine in this process, for every thread and connection, and back again."""
        change = Change()
        with contextlib.ExitStack() as stack:
            stack.enter_context(rewritten(self.rewrites, change.note))
            for replacement in self.replacements:
                stack.enter_context(replacement.in_place(change.note))
            yield change
