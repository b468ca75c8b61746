"""How figures are written: with the digits that mean something, one way everywhere.

A function takes a stored or computed value, never a literal, and keeps it beside its text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.pieces import Mark, Quantity, Sentence, say

if TYPE_CHECKING:
    from reports.throughput.pieces import Piece

MISSING = Mark(text="not measured", tone="quiet")
"""What stands where a figure was not stored: never an empty cell, never a zero."""

_SECOND_MS = 1000.0
_MINUTE_S = 60.0
_THOUSAND = 1000.0
_TINY = 0.001


def digits(value: float) -> str:
    """Write a number with three digits that mean something and thousands set apart."""
    size = abs(value)
    if value == int(value) or size >= _THOUSAND / 10:
        return f"{value:,.0f}"
    if size < _TINY:
        return f"{value:.2g}"
    places = 1 if size >= 10 else 2 if size >= 1 else 3  # noqa: PLR2004 - the digits before it
    return f"{value:.{places}f}"


def number(value: float | None) -> Piece:
    """Write a figure without a unit."""
    return MISSING if value is None else Quantity(value=value, text=digits(value))


def rate(value: float | None) -> Piece:
    """Write tasks per second, without the unit: columns and sentences name it."""
    if value is None:
        return MISSING
    return Quantity(value=value, text=digits(float(f"{value:.4g}")))


def count(value: float | None) -> Piece:
    """Write how many."""
    return MISSING if value is None else Quantity(value=value, text=f"{value:,.0f}")


def several(value: float, noun: str, plural: str = "") -> Sentence:
    """Write "one run" as a figure with its noun, in the right number."""
    return say("{n} " + (noun if value == 1 else plural or noun + "s"), n=count(value))


def duration_text(milliseconds: float) -> str:
    """Write a length of time in the unit that suits it."""
    if milliseconds < _SECOND_MS:
        return f"{digits(milliseconds)} ms"
    if milliseconds < _MINUTE_S * _SECOND_MS:
        return f"{digits(milliseconds / _SECOND_MS)} s"
    return f"{digits(milliseconds / _SECOND_MS / _MINUTE_S)} min"


def milliseconds(value: float | None) -> Piece:
    """Write a length of time that was stored in milliseconds."""
    return MISSING if value is None else Quantity(value=value, text=duration_text(value))


def seconds(value: float | None) -> Piece:
    """Write a length of time that was stored in seconds."""
    if value is None:
        return MISSING
    return Quantity(value=value, text=duration_text(value * _SECOND_MS))


def share(value: float | None) -> Piece:
    """Write a share of one as percents."""
    return MISSING if value is None else Quantity(value=value, text=f"{digits(value * 100)} %")


def ratio(value: float | None) -> Piece:
    """Write how many times as much, with two places as long as they mean something."""
    if value is None:
        return MISSING
    is_close = abs(value) < 10  # noqa: PLR2004 - one digit before the point
    return Quantity(value=value, text=f"{value:.2f}" if is_close else digits(value))


def exact(value: float) -> Quantity:
    """Write a threshold or a setting as it was chosen, without rounding."""
    return Quantity(value=value, text=f"{value:,.12g}")


def size(value: float | None) -> Piece:
    """Write bytes in the unit that suits them."""
    return MISSING if value is None else Quantity(value=value, text=_bytes(value))


def _bytes(value: float) -> str:
    units = ("bytes", "kB", "MB", "GB", "TB")
    scaled, unit = float(value), 0
    while scaled >= _THOUSAND and unit < len(units) - 1:
        scaled, unit = scaled / _THOUSAND, unit + 1
    return f"{digits(scaled)} {units[unit]}"


def span(low: Piece, high: Piece) -> Sentence:
    """Write an interval."""
    return say("{low} to {high}", low=low, high=high)
