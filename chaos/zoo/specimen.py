"""A specimen: what is broken, how, as what it must be caught, and where."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from chaos.zoo.rewriting import Rewrite, Rewriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.zoo.replacing import Replacement

SERVERS: Final = ("postgresql", "mysql", "mariadb")
ALL: Final = ("sqlite", *SERVERS)

Layer: TypeAlias = Literal["model", "interleaving", "crash-point", "chaos"]


class Breakage:
    """What became of a specimen while it was broken.

    Attributes:
        times: how often something was done that the engine does not do: a statement that was
            rewritten, or a call of what takes a function's place.
    """

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter
        self._calls = 0

    @property
    def times(self) -> int:
        """How often the broken part was used."""
        return self._rewriter.rewritten + self._calls

    @property
    def was_exercised(self) -> bool:
        """Whether it was used at all: a specimen that never did its wrong is no proof."""
        return self.times > 0

    def note(self) -> None:
        """Count a call."""
        self._calls += 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One broken engine: ours with one small change.

    Attributes:
        summary: what its users would see.
        provenance: where this happened: owner/project#number, or that no issue is known.
        anomalies: the names of which one must be named.
        layer: which of the harness's layers must find it.
        where: the race, the operation of the crash points, or the scenario of chaos.
        budget: how many examples of the model or schedules of the race its layer may take, how many
            passes over all crash points of the operation, or how many runs of the scenario.
        databases: where it is broken; elsewhere another safeguard covers it.
        covered_by: that safeguard, in a sentence, if it is not broken everywhere.
        rewrites: regular expressions over SQL, and what replaces their matches.
        replacements: functions that do something else.
    """

    name: str
    summary: str
    provenance: str
    anomalies: frozenset[str]
    layer: Layer
    where: str = ""
    budget: int
    databases: tuple[str, ...] = ALL
    covered_by: str = ""
    rewrites: tuple[Rewrite, ...] = ()
    replacements: tuple[Replacement, ...] = ()

    @contextlib.contextmanager
    def broken(self) -> Iterator[Breakage]:
        """Break the engine in this process, for every thread and connection, and mend it again."""
        rewriter = Rewriter(self.rewrites)
        breakage = Breakage(rewriter)
        with contextlib.ExitStack() as stack:
            stack.enter_context(rewriter.everywhere())
            for replacement in self.replacements:
                stack.enter_context(replacement.in_place(breakage.note))
            yield breakage
