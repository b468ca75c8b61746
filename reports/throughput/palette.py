"""Which ink, marker and hatch each series of a figure has: no ink speaks alone."""

from __future__ import annotations

from typing import Final

SERIES: Final = ("blue", "orange", "green", "vermillion", "purple", "sky", "yellow", "quiet")
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES: Final = ("", "//", "..", "\\\\", "xx", "--", "++", "oo")
ROLES: Final = ("generator", "worker", "database", "broker", "harness")
"""Roles have their colours by name, so that they look the same in every run."""


def series(number: int) -> tuple[str, str]:
    """Return the ink and the marker of the nth series."""
    return SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]


def hatch(number: int) -> str:
    """Return the hatch of the nth layer of a stack."""
    return HATCHES[number % len(HATCHES)]
