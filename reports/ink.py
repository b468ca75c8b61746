"""The inks of the figures: Okabe and Ito's colours, which colour-blind readers can tell apart.

A figure is drawn once, with placeholders that become CSS variables, so that it serves light, dark
and paper. No ink speaks alone: whatever has one has a shape, a hatch or a letter too.
"""

from __future__ import annotations

import re
from typing import Any, Final

_NAMES: Final = (
    "ink",
    "quiet",
    "line",
    "paper",
    "blue",
    "orange",
    "green",
    "vermillion",
    "sky",
    "purple",
    "yellow",
)
PLACEHOLDERS: Final = {name: f"#0000{number + 16:02x}" for number, name in enumerate(_NAMES)}
HATCHES: Final = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "||||")

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_NO_COLOUR: Final = "#999999"


def ink(name: str) -> str:
    """Return the placeholder of an ink, for matplotlib."""
    return PLACEHOLDERS[name]


def css_variable(name: str) -> str:
    """Return what stands in the page for an ink."""
    return f"var(--chart-{name})"


def stated_colour(value: Any) -> str:
    """Return the colour that a fault brings with it, or grey if it brings none."""
    is_colour = isinstance(value, str) and _COLOUR.fullmatch(value)
    # A colour that looks like a placeholder would turn into another one.
    return value if is_colour and value.lower() not in PLACEHOLDERS.values() else _NO_COLOUR
