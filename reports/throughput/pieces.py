"""What sentences and cells are made of, so that a figure cannot be typed into one.

A sentence is a template of words with named places; what fills a place is a quantity with its
stored value, or a text of the stored runs. Templates hold no digit: a test reads them all.
"""

from __future__ import annotations

import dataclasses
import string
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A figure: the value as it was stored or computed, and how it is written."""

    value: float
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A text of the stored runs, of the forecast or of the file of facts."""

    text: str
    is_code: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A source: shown with its address, so that it can be followed on paper too."""

    address: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A word with a tone: a verdict, a claim, a warning."""

    text: str
    tone: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Words with places for pieces."""

    template: str
    parts: Mapping[str, Piece]

    def pieces(self) -> Iterable[Piece]:
        """Return its words and pieces in the order in which they are read."""
        for words, name, _, _ in string.Formatter().parse(self.template):
            if words:
                yield words
            if name is not None:
                yield self.parts[name]


Piece = Quantity | Stored | Link | Mark | Sentence | str


def say(template: str, **parts: Piece) -> Sentence:
    """Make a sentence; every place of the template needs its piece."""
    return Sentence(template=template, parts=parts)


def stored(value: Any) -> Stored:
    """Make a piece of anything that a run stored as a text."""
    return Stored(text=str(value))


def code(value: Any) -> Stored:
    """Make a piece that is typed as it stands: a command, a digest, a path."""
    return Stored(text=str(value), is_code=True)


def listed(pieces: Iterable[Piece], separator: str = ", ", last: str | None = None) -> Sentence:
    """Join pieces into one, "a, b and c" if ``last`` is " and "."""
    parts = list(pieces)
    places = [f"{{p{number}}}" for number in range(len(parts))]
    if last is not None and len(places) > 1:
        places[-2:] = [places[-2] + last + places[-1]]
    return Sentence(
        template=separator.join(places),
        parts={f"p{number}": part for number, part in enumerate(parts)},
    )


def plain(piece: Piece) -> str:
    """Write a piece as text without markup."""
    match piece:
        case str():
            return piece
        case Sentence():
            return "".join(plain(part) for part in piece.pieces())
        case Link():
            return piece.address
        case _:
            return piece.text


def values(piece: Piece) -> list[float]:
    """Return the values of all quantities in a piece, in the order in which they are read."""
    if isinstance(piece, Quantity):
        return [piece.value]
    if isinstance(piece, Sentence):
        return [value for part in piece.pieces() for value in values(part)]
    return []
