"""Reads recorded arrivals, to be replayed: CSV, NDJSON, or a time on each line.

A time is a number of seconds or an ISO 8601 timestamp, the same kind on all lines, and never goes
back; the first is when the replay begins. CSV has a header; the columns of CSV and the keys of
NDJSON are ``at_seconds`` and, if they are known, ``work_ms`` and ``payload_bytes``. The first thing
that is wrong is reported with its line.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import datetime
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, Final, NoReturn

from loadtests.distributions import Constant
from loadtests.order import Arrivals
from loadtests.toml_table import ProfileError, nearest
from loadtests.workload import TaskKind, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_TIME: Final = "at_seconds"
_SIZES: Final = ("work_ms", "payload_bytes")
_COLUMNS: Final = (_TIME, *_SIZES)
MOST_ARRIVALS: Final = 1_000_000
MOST_KINDS: Final = 1000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What was recorded.

    Attributes:
        file: its name.
        digest: of its content: 12 digits of its SHA-256.
        times_seconds: since the first arrival.
        sizes: (work_ms, payload_bytes) of each arrival; () if the trace does not tell.
    """

    file: str
    digest: str
    times_seconds: tuple[float, ...]
    sizes: tuple[tuple[float, float], ...] = ()

    def arrivals(self, speed: float = 1.0) -> Arrivals:
        """Return the arrivals, ``speed`` times as fast as they were recorded."""
        times = tuple(time / speed for time in self.times_seconds)
        return Arrivals(kind="trace", times_seconds=times)

    def workload(self) -> Workload | None:
        """Return the mix of what was recorded, if the trace tells: pairs stay pairs.

        Which arrival gets which pair is drawn anew. Of more than a thousand different pairs, a
        thousand stand for all: every n-th, from the lightest to the heaviest.
        """
        if not self.sizes:
            return None
        pairs = sorted(self.sizes)
        if len(set(pairs)) > MOST_KINDS:
            pairs = [pairs[number * len(pairs) // MOST_KINDS] for number in range(MOST_KINDS)]
        return Workload(
            tasks=tuple(
                TaskKind(
                    name=f"{work_ms:g} ms, {payload_bytes:g} bytes",
                    weight=float(count),
                    work_ms=Constant(value=work_ms),
                    payload_bytes=Constant(value=payload_bytes),
                )
                for (work_ms, payload_bytes), count in collections.Counter(pairs).items()
            )
        )


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """One arrival as it stands in the file."""

    file: str
    number: int
    entries: Mapping[str, Any]

    def fail(self, sentence: str) -> NoReturn:
        raise ProfileError(f"{self.file}, line {self.number}: {sentence}")

    def time(self) -> float | datetime.datetime:
        value = self.entries.get(_TIME, "")
        number = _number(value)
        if number is not None:
            return number
        try:
            return datetime.datetime.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(
                f"{_TIME} is {json.dumps(value)}; write a number of seconds, or a time such as "
                f"2026-03-01T09:30:00.250Z"
            )

    def size(self, column: str) -> float:
        value = self.entries.get(column, "")
        number = _number(value)
        if number is None or number < 0:
            self.fail(f"{column} is {json.dumps(value)}; write a number, 0 or more")
        return number


def read_trace(path: Path) -> Trace:
    """Read a trace; raises ProfileError with the file and the line of what is wrong."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ProfileError(f"{path.name}, line {line}: save the file as UTF-8 text") from error
    lines = list(_lines(path.name, text))
    if not lines:
        raise ProfileError(f"{path.name}, line 1: the trace is empty; write a time on each line")
    if len(lines) > MOST_ARRIVALS:
        lines[MOST_ARRIVALS].fail(f"a trace may have {MOST_ARRIVALS} arrivals; cut it here")
    return Trace(
        file=path.name,
        digest=hashlib.sha256(content).hexdigest()[:12],
        times_seconds=tuple(_since_first(lines)),
        sizes=tuple(_sizes(lines)),
    )


def _lines(file: str, text: str) -> Iterator[_Line]:
    """Give each line that is not blank as columns, whichever of the three formats it is in."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if lines and lines[0][1].lstrip().startswith("{"):
        return (_object(file, number, line) for number, line in lines)
    first = lines[0][1] if lines else ""
    if any(column in first for column in _COLUMNS) or "," in first:
        return _rows(file, lines)
    return (_Line(file, number, {_TIME: line.strip()}) for number, line in lines)


def _object(file: str, number: int, text: str) -> _Line:
    try:
        entries = json.loads(text)
    except ValueError:
        entries = None
    if not isinstance(entries, dict):
        _Line(file, number, {}).fail('write one JSON object, such as {"at_seconds": 0.25}')
    line = _Line(file, number, entries)
    _check_columns(line, tuple(entries))
    return line


def _rows(file: str, lines: Sequence[tuple[int, str]]) -> Iterator[_Line]:
    number, first = lines[0]
    header = tuple(column.strip() for column in _cells(first))
    _check_columns(_Line(file, number, {}), header)
    for number, text in lines[1:]:
        cells = _cells(text)
        if len(cells) != len(header):
            sentence = f"{len(cells)} values where the header has {len(header)} columns"
            _Line(file, number, {}).fail(sentence)
        yield _Line(file, number, dict(zip(header, cells, strict=True)))


def _cells(text: str) -> list[str]:
    return next(csv.reader([text]), [])


def _check_columns(line: _Line, columns: tuple[str, ...]) -> None:
    for column in columns:
        if column not in _COLUMNS:
            guess = nearest(column, _COLUMNS)
            hint = f"did you mean {guess}?" if guess else f"write {', '.join(_COLUMNS)}"
            line.fail(f"there is no column {json.dumps(column)}; {hint}")
    if _TIME not in columns:
        line.fail(f"there is no column {_TIME}; every arrival needs its time")


def _since_first(lines: Sequence[_Line]) -> Iterator[float]:
    first = before = lines[0].time()
    for line in lines:
        now = line.time()
        if _nature(now) != _nature(first):
            line.fail(f"this time is {_nature(now)}, the first one is {_nature(first)}")
        if _between(before, now) < 0:
            line.fail("this time is before the one above; sort the trace by time")
        before = now
        yield _between(first, now)


def _nature(time: float | datetime.datetime) -> str:
    if not isinstance(time, datetime.datetime):
        return "a number of seconds"
    return "a timestamp without a zone" if time.tzinfo is None else "a timestamp with a zone"


def _between(begin: Any, end: Any) -> float:
    """Return the seconds between two times of one nature."""
    difference = end - begin
    if isinstance(difference, datetime.timedelta):
        return difference.total_seconds()
    return float(difference)


def _sizes(lines: Sequence[_Line]) -> Iterator[tuple[float, float]]:
    """Give the sizes of each arrival, if the first one has any; a missing column is its default."""
    told = [column for column in _SIZES if column in lines[0].entries]
    default = TaskKind(name="")
    if not told:
        return
    for line in lines:
        work_ms = line.size("work_ms") if "work_ms" in told else default.work_ms.mean()
        payload = default.payload_bytes.mean()
        yield work_ms, line.size("payload_bytes") if "payload_bytes" in told else payload


def _number(value: Any) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
