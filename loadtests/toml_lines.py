"""Finds the line of every key and every value in the text of a TOML file.

``tomllib`` tells no lines. This walks a text that ``tomllib`` has accepted, so it judges nothing:
it only has to know where keys and values begin and end.
"""

from __future__ import annotations

import re
from typing import Final

Path = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY: Final = re.compile(
    r"""[ \t]*(?P<key>[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*(?P<dot>\.?)"""
)
_TEXT: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|'
    r"'''.*?'{3,5}(?!')|"
    r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'""",
    re.DOTALL,
)
_BARE: Final = re.compile(r"[^,\]}\n#]*")


def lines_of(text: str) -> dict[Path, int]:
    """Return the line of each path, such as ``("tasks", 2, "work_ms")``, in valid TOML."""
    return _Walk(text).lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Return the line of a path; of the nearest table around it if it is not in the file."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Walk:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0
        self._lengths: dict[Path, int] = {}
        self._document()

    def _document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            table = self._header() if self._text[self._at] == "[" else self._entry(table)
            self._skip(_BLANK)

    def _header(self) -> Path:
        """Pass ``[a.b]`` or ``[[a.b]]`` and return the path of the table that it opens."""
        line, is_array = self._here(), self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        *outer, last = self._keys()
        path: Path = ()
        for key in outer:
            path = self._newest((*path, key))
        path = (*path, last)
        self.lines.setdefault(path, line)
        if is_array:
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path = self._newest(path)
            self.lines[path] = line
        self._at += 2 if is_array else 1
        return path

    def _newest(self, path: Path) -> Path:
        """Return the path of the last table of an array of tables; of anything else, itself."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _entry(self, table: Path) -> Path:
        """Pass ``key = value`` and return the table that it stands in."""
        line, path = self._here(), table
        for key in self._keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._at += 1  # the sign =
        self._value(path)
        return table

    def _keys(self) -> list[str]:
        keys = []
        while match := _KEY.match(self._text, self._at):
            # An escape within a quoted key stays as it is: its line is then that of its table.
            keys.append(match["key"][1:-1] if match["key"][0] in "\"'" else match["key"])
            self._at = match.end()
            if not match["dot"]:
                break
        return keys

    def _value(self, path: Path) -> None:
        self._skip(_BLANK)
        self.lines.setdefault(path, self._here())
        if self._text[self._at] == "[":
            self._members(path, "]")
        elif self._text[self._at] == "{":
            self._members(path, "}")
        elif not self._skip(_TEXT):
            self._skip(_BARE)

    def _members(self, path: Path, end: str) -> None:
        """Pass an array or an inline table."""
        self._at += 1
        self._skip(_BLANK)
        number = 0
        while self._text[self._at] != end:
            if end == "]":
                self._value((*path, number))
            else:
                self._entry(path)
            number += 1
            self._skip(_BLANK)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_BLANK)
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Pass what matches here; tell whether anything did."""
        match = pattern.match(self._text, self._at)
        if match is None:
            return False
        self._at = match.end()
        return True

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line
