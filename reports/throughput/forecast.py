"""Reads a forecast: what a team expects of its queue, in a file of TOML.

A bad file is refused with one sentence that names the line.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, NoReturn

from reports.throughput.stored import BadLoadError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GROWTHS: Final = ("low", "expected", "high")
_TABLES: Final = ("peak", "growth", "needs")
_MISSING: Final = object()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth of the peak per month, as a share: low, expected and high."""

    low: float
    expected: float
    high: float

    def named(self) -> list[tuple[str, float]]:
        """Return the three with their names."""
        return [(name, getattr(self, name)) for name in GROWTHS]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a team expects.

    Attributes:
        contender: whose answer stands at the top; ``database`` says on which database.
        peak_rate: tasks per second in the busiest minute of today.
        burst_factor: how many times the peak the worst burst is.
        needed_p99_ms: the 99th percentile of the time from enqueue to end; None if none is needed.
        is_atomic: whether an enqueue must commit and roll back with the application's data.
        machine: part of the label or the CPU model of the machine that it will run on.
        starts_on: the month in which the peak was measured; months are counted from it.
    """

    contender: str | None
    database: str | None
    peak_rate: float
    burst_factor: float
    growth: Growth
    horizon_months: int
    needed_p99_ms: float | None
    is_atomic: bool
    machine: str | None
    starts_on: dt.date | None
    notes: str


def read_forecast(path: Path) -> Forecast:
    """Read a forecast; raises BadLoadError."""
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise BadLoadError(f"{path} cannot be read ({error.strerror}): name a file.") from error
    except ValueError as error:
        raise BadLoadError(f"{path} is not TOML: {error}.") from error
    reader = _Reader(path, text, document)
    reader.refuse_values_for_tables()
    forecast = _read(reader)
    reader.refuse_unknown()
    return forecast


def _read(reader: _Reader) -> Forecast:
    growth = {name: reader.number("growth", name, least=-0.9) for name in GROWTHS}
    if not growth["low"] <= growth["expected"] <= growth["high"]:
        reader.refuse("growth", "expected", "has to lie between low and high")
    return Forecast(
        contender=reader.text("", "contender"),
        database=reader.text("", "database"),
        machine=reader.text("", "machine"),
        starts_on=reader.date("", "starts_on"),
        notes=reader.text("", "notes") or "",
        peak_rate=reader.number("peak", "tasks_per_second", least=1e-6),
        burst_factor=reader.number("peak", "burst_factor", least=1.0, default=1.0),
        growth=Growth(**growth),
        horizon_months=int(reader.number("growth", "horizon_months", least=0, is_whole=True)),
        needed_p99_ms=reader.optional_number("needs", "end_to_end_p99_ms"),
        is_atomic=reader.switch("needs", "enqueue_is_atomic"),
    )


class _Reader:
    """Takes values out of a document and complains with the line."""

    def __init__(self, path: Path, text: str, document: Mapping[str, Any]) -> None:
        self._path, self._lines, self._document = path, text.splitlines(), document
        self._seen: set[tuple[str, str]] = set()

    def number(
        self,
        table: str,
        key: str,
        *,
        least: float,
        default: float | None = None,
        is_whole: bool = False,
    ) -> float:
        """Return a number that is at least ``least``."""
        value = self._get(table, key)
        if value is _MISSING and default is not None:
            return default
        if value is _MISSING:
            self.refuse(table, key, "is missing")
        kinds = (int,) if is_whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool):
            self.refuse(table, key, f"has to be a {'whole ' if is_whole else ''}number")
        if not least <= value < float("inf"):
            self.refuse(table, key, f"has to be at least {least:g}")
        return float(value)

    def optional_number(self, table: str, key: str) -> float | None:
        """Return a number above zero, or None if there is none."""
        if self._get(table, key) is _MISSING:
            return None
        return self.number(table, key, least=1e-6)

    def text(self, table: str, key: str) -> str | None:
        """Return a text, or None if there is none."""
        value: str | None = self._kind(table, key, str, "a text in quotes")
        return value

    def switch(self, table: str, key: str) -> bool:
        """Return true or false; false if it is not there."""
        return bool(self._kind(table, key, bool, "true or false"))

    def date(self, table: str, key: str) -> dt.date | None:
        """Return a date, or None if there is none."""
        value = self._kind(table, key, dt.date, "a date such as 2026-11-01")
        return value.date() if isinstance(value, dt.datetime) else value

    def refuse_values_for_tables(self) -> None:
        """Refuse "peak = 3" where a table has to be."""
        for table in _TABLES:
            if not isinstance(self._document.get(table, {}), dict):
                self.refuse("", table, f"has to be a table, with [{table}] on a line of its own")

    def refuse_unknown(self) -> None:
        """Refuse a key that nobody asked for: it is a spelling mistake."""
        for table, content in self._document.items():
            entries = content.items() if isinstance(content, dict) else [(table, content)]
            where = table if isinstance(content, dict) else ""
            for key, _ in entries:
                if (where, key) not in self._seen:
                    self.refuse(where, key, "is not a key of a forecast")

    def refuse(self, table: str, key: str, what: str) -> NoReturn:
        """Raise BadLoadError about a key."""
        name = f"{table}.{key}" if table else key
        line = self._line(table, key)
        place = f"{self._path}, line {line}" if line else str(self._path)
        raise BadLoadError(
            f"{place}: {name} {what} (reports/forecast.example.toml has an example)."
        )

    def _kind(self, table: str, key: str, kind: type, words: str) -> Any:
        value = self._get(table, key)
        if value is _MISSING:
            return None
        if not isinstance(value, kind):
            self.refuse(table, key, f"has to be {words}")
        return value

    def _get(self, table: str, key: str) -> Any:
        self._seen.add((table, key))
        content = self._document.get(table, {}) if table else self._document
        return content.get(key, _MISSING)

    def _line(self, table: str, key: str) -> int | None:
        """Find the line of a key; of its table if the key is not there."""
        current, found = "", None
        for place, line in enumerate(self._lines, start=1):
            if header := re.match(r"\s*\[([^\]]+)\]", line):
                current = header[1].strip()
                found = place if current == table else found
            elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return place
        return found
