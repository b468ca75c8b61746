"""The business state as facts that can be compared: rows, mails, calls, and what a user observes.

Ids that the database made up differ from run to run, as do times of writing. So two states are
the same if they are the same up to a renumbering of what is new: a new row is known by its values
and by the rows that it is linked with, and not by its id.
"""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROUNDS: Final = 4
"""How far a row looks along links; new rows that differ only farther away count as equal."""

Key = tuple[str, Any]
"""A table, and the id of a row in it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One row, or one thing that is like a row.

    Attributes:
        table: the model's name, or mail, effect, observe.
        identity: what it is known by in every run; empty if it is new.
        columns: its values as text.
        shade: its values and those of the rows around it, as one number.
    """

    table: str
    identity: str
    columns: Mapping[str, str]
    shade: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as it was read.

    Attributes:
        key: its table and id.
        identity: its id as text; empty if the id is a new one that the database made up.
        columns: its values as text, where a link to a new row names the table only.
        links: the new rows that its columns point at.
    """

    key: Key
    identity: str
    columns: Mapping[str, str]
    links: Mapping[str, Key]


def facts_of(rows: Iterable[Row]) -> list[Fact]:
    """Return rows as facts that do not depend on new ids."""
    by_key = {row.key: row for row in rows}
    shades = {
        key: hash((row.key[0], row.identity, *sorted(row.columns.items())))
        for key, row in by_key.items()
    }
    for _ in range(ROUNDS):
        shades = _shaded_by_neighbours(by_key, shades)
    return [
        Fact(table=key[0], identity=row.identity, columns=row.columns, shade=shades[key])
        for key, row in by_key.items()
    ]


def _shaded_by_neighbours(rows: Mapping[Key, Row], shades: Mapping[Key, int]) -> dict[Key, int]:
    referring: dict[Key, list[tuple[str, str, int]]] = collections.defaultdict(list)
    for key, row in rows.items():
        for column, target in row.links.items():
            referring[target].append((key[0], column, shades[key]))
    return {
        key: hash(
            (
                shades[key],
                tuple(sorted((name, shades.get(to, 0)) for name, to in row.links.items())),
                tuple(sorted(referring[key])),
            )
        )
        for key, row in rows.items()
    }


def plain_fact(table: str, columns: Mapping[str, str], identity: str = "") -> Fact:
    """Return something that is no row as a fact."""
    shade = hash((table, identity, *sorted(columns.items())))
    return Fact(table=table, identity=identity, columns=columns, shade=shade)


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """All facts at one moment."""

    facts: tuple[Fact, ...]

    def lacks(self, other: State) -> list[Fact]:
        """Return the facts of the other that are not in this, each as often as it is too many."""
        here = collections.Counter((fact.table, fact.shade) for fact in self.facts)
        lacking = []
        for fact in other.facts:
            if here[fact.table, fact.shade] > 0:
                here[fact.table, fact.shade] -= 1
            else:
                lacking.append(fact)
        return lacking
