"""Writes SVG elements, with every text and every attribute escaped.

Figures have no viewBox: x is in percent and y in pixels, so letters keep their size on any screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def element(
    name: str, attributes: Mapping[str, object], children: Iterable[Markup | str] = ()
) -> Markup:
    """Write one element; children that are plain texts are escaped."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key, value) for key, value in attributes.items()
    )
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, Markup("").join(children))


def percent(value: float) -> str:
    """Write a horizontal position or length."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"


def title(text: str) -> Markup:
    """Write the text that shows when the pointer rests on the element around it."""
    return element("title", {}, [text])


def symbol(name: str, x: float, y: float, css: str = "") -> Markup:
    """Place one of the symbols that the page defines once, centred on a point."""
    return element("use", {"href": f"#{name}", "x": percent(x), "y": y, "class": css})
