"""The colours of the figures: Okabe and Ito's, which colour-blind readers can tell apart.

A figure is drawn with placeholders, which become CSS variables, so that one drawing serves light,
dark and paper. No colour speaks alone: every series has a marker, a line style or a hatch too.
"""

from __future__ import annotations

from typing import Final

NAMES: Final = (
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
PLACEHOLDERS: Final = {name: f"#0000{number + 16:02x}" for number, name in enumerate(NAMES)}
SERIES: Final = ("blue", "orange", "green", "vermillion", "purple", "sky", "yellow", "quiet")
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES: Final = ("", "//", "..", "\\\\", "xx", "--", "++", "oo")
ROLES: Final = ("generator", "worker", "database", "broker", "harness")
"""Roles have their colours by name, so that they look the same in every run."""


def color(name: str) -> str:
    """Return the placeholder of a colour, for matplotlib."""
    return PLACEHOLDERS[name]


def series(number: int) -> tuple[str, str]:
    """Return the colour and the marker of the nth series."""
    return SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]


def hatch(number: int) -> str:
    """Return the hatch of the nth layer of a stack."""
    return HATCHES[number % len(HATCHES)]


def css_variable(name: str) -> str:
    """Return what stands in the page for a colour."""
    return f"var(--chart-{name})"
