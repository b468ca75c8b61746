"""The tables of a user's TOML file: every error is one sentence with file, line and key."""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, NoReturn

from loadtests.bounds import Bounds
from loadtests.toml_lines import line_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_SHOWN: Final = 60
_UNITS: Final = {"seconds": " of seconds", "_ms": " of milliseconds", "_bytes": " of bytes"}
_PLACE: Final = re.compile(r" \(at line (?P<line>\d+), column (?P<column>\d+)\)$")


class ProfileError(Exception):
    """A file of a user that cannot be used: one sentence with file, line and key."""


class Source:
    """The text of a file, with the line of each key."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._lines = lines_of(text)

    def error(self, path: tuple[str | int, ...], sentence: str) -> ProfileError:
        """Return the error about what stands at ``path``."""
        return ProfileError(f"{self.name}, line {line_of(self._lines, path)}: {sentence}")


class Table:
    """One table of a TOML file."""

    def __init__(
        self, source: Source, values: Mapping[str, Any], path: tuple[str | int, ...] = ()
    ) -> None:
        self.source = source
        self.values = values
        self.path = path

    def check_keys(self, known: Iterable[str]) -> None:
        """Refuse a key that means nothing."""
        known = list(known)
        for key in self.values:
            if key not in known:
                sentence = f"there is no key {self.name_of(key)}; {_meant(key, known)}"
                raise self.source.error((*self.path, key), sentence)

    def table(self, key: str) -> Table:
        """Return the table at ``key``: an empty one if there is none."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fail(key, f"write a table: [{self.name_of(key)}] and its keys below")
        return Table(self.source, value, (*self.path, key))

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return the tables of the array at ``key``: none if there is none."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, f"write tables: [[{self.name_of(key)}]] and the keys of each below")
        items = enumerate(value)
        return tuple(Table(self.source, item, (*self.path, key, at)) for at, item in items)

    def number(self, key: str | int, value: Any, bounds: Bounds) -> float:
        """Return ``value``, which stands at ``key``, if it is a number within bounds."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not bounds.hold(value):
            self.fail(key, f"write {_wanted_number(self._last_word(key), bounds)}", value)
        return float(value)

    def items(self, key: str) -> Table:
        """Return the list at ``key`` as a table with the places 0, 1, ... as its keys."""
        return Table(self.source, {}, (*self.path, key))

    def word(self, key: str, words: tuple[str, ...]) -> str:
        """Return the word at ``key``, which must be one of ``words``."""
        return self._word(key, self.values.get(key), words)

    def words(self, key: str, words: tuple[str, ...]) -> tuple[str, ...]:
        """Return the list of words at ``key``, each one of ``words``; () for any words."""
        inner = self.items(key)
        return tuple(
            inner._word(at, value, words)  # noqa: SLF001 - it is a table, too
            for at, value in enumerate(self._list_at(key))
        )

    def whole(self, key: str, bounds: Bounds) -> int:
        """Return the whole number at ``key``."""
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not bounds.hold(value):
            self.fail(key, f"write a whole number{bounds}")
        return value

    def positive(self, key: str, default: float) -> float:
        """Return the number above 0 at ``key``, or the default."""
        return self.number(key, self.values.get(key, default), Bounds(above=0))

    def numbers(self, key: str, bounds: Bounds) -> tuple[float, ...]:
        """Return the list of numbers at ``key``."""
        inner = self.items(key)
        values = enumerate(self._list_at(key))
        return tuple(inner.number(at, value, bounds) for at, value in values)

    def text(self, key: str, default: str | None = None) -> str:
        """Return the text at ``key``, or the default."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            self.fail(key, "write a text in quotes")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return whether ``key`` is true, or the default."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.fail(key, "write true or false")
        return value

    def fail(self, key: str | int, advice: str, value: Any = None) -> NoReturn:
        """Refuse what stands at ``key``, or the whole table for what it has not."""
        path = (*self.path, key)
        if value is None:
            value = self.values.get(str(key))
        if value is None:
            place = self.name_of() or "the file"
            raise self.source.error(path, f"{place} has no {key}; {advice}")
        raise self.source.error(path, f"{self.name_of(key)} is {_shown(value)}; {advice}")

    def name_of(self, key: str | int | None = None) -> str:
        """Return what people call the table, or a key of it: tasks[2].work_ms."""
        path = self.path if key is None else (*self.path, key)
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]

    def _last_word(self, key: str | int) -> str:
        return str(key) if isinstance(key, str) else str(self.path[-1])

    def _list_at(self, key: str) -> list[Any]:
        values = self.values.get(key)
        if not isinstance(values, list):
            self.fail(key, "write a list in brackets")
        return values

    def _word(self, key: str | int, value: Any, words: tuple[str, ...]) -> str:
        if not isinstance(value, str):
            self.fail(key, f"write {_one_of(words)}" if words else "write a text in quotes", value)
        if words and value not in words:
            self.fail(key, _meant(value, words, quote='"'), value)
        return value


def open_toml(path: Path) -> Table:
    """Read a file; the error of a syntax that is no TOML has its line, too."""
    try:
        text = path.read_bytes().decode("utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ProfileError(f"{path.name}, line {line}: save the file as UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path.name, text, str(error)) from error
    return Table(Source(path.name, text), values)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(words), n=1, cutoff=0.55)), None)


def _syntax_error(name: str, text: str, message: str) -> ProfileError:
    """Put the place first: tomllib has it at the end of its message."""
    match = _PLACE.search(message)
    if match is None:
        line = text.rstrip("\n").count("\n") + 1
        return ProfileError(f"{name}, line {line}: this is not TOML: {message}")
    message = message[: match.start()]
    place = f"line {match['line']}, column {match['column']}"
    return ProfileError(f"{name}, {place}: this is not TOML: {message}")


def _wanted_number(word: str, bounds: Bounds) -> str:
    unit = next((unit for suffix, unit in _UNITS.items() if word.endswith(suffix)), "")
    if word.endswith("rate") or word == "rates":
        unit = " of tasks per second"
    return f"a number{unit}{bounds}"


def _meant(word: str, words: Iterable[str], quote: str = "") -> str:
    guess = nearest(word, words)
    if guess is not None:
        return f"did you mean {quote}{guess}{quote}?"
    return f"write one of {', '.join(f'{quote}{known}{quote}' for known in words)}"


def _one_of(words: Iterable[str]) -> str:
    return "one of " + ", ".join(f'"{word}"' for word in words)


def _shown(value: Any) -> str:
    """Write a value as TOML does, cut short."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
