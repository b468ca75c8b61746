"""Reads a page as a browser would, into elements that tests can ask."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VOID = {"meta", "input", "link", "br", "img", "hr"}


@dataclasses.dataclass(slots=True, kw_only=True)
class Element:
    """One element of a page."""

    name: str
    attributes: dict[str, str]
    children: list[Element | str] = dataclasses.field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, with white space as a browser shows it."""
        return " ".join("".join(self._texts()).split())

    @property
    def classes(self) -> set[str]:
        """The names in its class attribute."""
        return set(self.attributes.get("class", "").split())

    def all(self, name: str, css: str = "") -> list[Element]:
        """All elements below with this name and, if given, all of these classes."""
        wanted = set(css.split())
        return [e for e in self._elements() if e.name == name and wanted <= e.classes]

    def by_id(self, identity: str) -> Element:
        """The one element with this id."""
        (found,) = [e for e in self._elements() if e.attributes.get("id") == identity]
        return found

    def rows(self) -> list[list[str]]:
        """The texts of the cells of a table's body."""
        cells = ("th", "td")
        return [
            [c.text for c in row.children if isinstance(c, Element) and c.name in cells]
            for body in self.all("tbody")
            for row in body.all("tr")
        ]

    def _elements(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._elements()

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._texts()


class _Reader(HTMLParser):
    """Builds the tree and refuses what is not properly nested."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element(name="page", attributes={})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(name=tag, attributes={key: value or "" for key, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()
        assert closed.name == tag, f"</{tag}> closes <{closed.name}>"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_page(path: Path) -> Element:
    """Parse a page; a page with an unclosed or wrongly nested element fails the test."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    (page,) = reader.open
    return page
