"""How many mutants the tests of each module notice."""

from __future__ import annotations

import dataclasses
import itertools
import operator
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.mutation.mutants import Mutant


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The mutants of one module, or of all."""

    name: str
    mutants: int
    survived: int

    @property
    def share(self) -> float:
        """How many of them a test noticed, as a share."""
        return 1 - self.survived / self.mutants

    @classmethod
    def of(cls, name: str, mutants: Sequence[Mutant]) -> Self:
        """Count."""
        survived = sum(mutant.has_survived for mutant in mutants)
        return cls(name=name, mutants=len(mutants), survived=survived)

    @classmethod
    def of_modules(cls, mutants: Sequence[Mutant]) -> list[Self]:
        """Count module by module, and all of them at the end."""
        groups = itertools.groupby(mutants, key=operator.attrgetter("module"))
        return [*(cls.of(module, list(own)) for module, own in groups), cls.of("all", mutants)]


def as_table(scores: Sequence[Score]) -> str:
    """Write the scores as Markdown."""
    lines = ["| module | mutants | killed | survived | score |", "|---|---:|---:|---:|---:|"]
    for score in scores:
        killed = score.mutants - score.survived
        counts = f"{score.mutants} | {killed} | {score.survived} | {score.share:.1%}"
        lines.append(f"| {score.name} | {counts} |")
    return "\n".join(lines) + "\n"
