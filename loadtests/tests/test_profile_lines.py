"""Lines of TOML: every way to write a key leads to its line."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from loadtests.toml_lines import Path, line_of, lines_of

EVERYTHING = '''# a comment with = and [brackets]
title = "a # no comment, [no] table = none"
dotted.key.deep = 1
"quoted key" = 'literal \\ "quote"'
text = """
[not.a.table]
key = 1 \\""" still text
"""""
literal = \'\'\'
[[nor.this]]\'\'\'
dates = [1979-05-27T07:32:00Z, 1979-05-27 07:32:00]
list = [
  1,  # one ]
  [2, 3],
  {a = 4, b.c = [5,
    6]},
  "x]", ]
empty = []
nothing = {}

[table]  # of things
number = 1_000.5e3
"inner" . key = true
[table.below."with.dot"]
here = -inf

[[tasks]]
name = "first"
work_ms = {median = 20, p95 = 80}
[tasks.more]
x = 1
[[tasks.parts]]
y = 1
[[tasks.parts]]
y = 2

[[tasks]]
[[tasks.parts]]
y = 3
'''

EXPECTED: dict[Path, int] = {
    ("title",): 2,
    ("dotted", "key", "deep"): 3,
    ("quoted key",): 4,
    ("text",): 5,
    ("literal",): 9,
    ("dates", 1): 11,
    ("list",): 12,
    ("list", 0): 13,
    ("list", 1, 1): 14,
    ("list", 2, "a"): 15,
    ("list", 2, "b", "c"): 15,
    ("list", 2, "b", "c", 1): 16,
    ("list", 3): 17,
    ("empty",): 18,
    ("nothing",): 19,
    ("table",): 21,
    ("table", "number"): 22,
    ("table", "inner", "key"): 23,
    ("table", "below", "with.dot"): 24,
    ("table", "below", "with.dot", "here"): 25,
    ("tasks",): 27,
    ("tasks", 0): 27,
    ("tasks", 0, "work_ms", "p95"): 29,
    ("tasks", 0, "more", "x"): 31,
    ("tasks", 0, "parts", 0, "y"): 33,
    ("tasks", 0, "parts", 1): 34,
    ("tasks", 1): 37,
    ("tasks", 1, "parts", 0, "y"): 39,
}


@pytest.mark.parametrize(("path", "line"), EXPECTED.items(), ids=map(str, EXPECTED))
def test_a_key_has_its_line(path: Path, line: int) -> None:
    """Dotted keys, inline tables, arrays of tables, texts that look like tables."""
    assert lines_of(EVERYTHING).get(path) == line


def test_every_value_that_tomllib_reads_has_a_line() -> None:
    """Nothing is missed, and no line is told for what is not there."""
    values = set(paths(tomllib.loads(EVERYTHING)))

    assert set(lines_of(EVERYTHING)) >= values
    # Besides values, only tables that a header or a dotted key opens on the way have a line.
    assert set(lines_of(EVERYTHING)) <= {path[:n] for path in values for n in range(len(path) + 1)}


def paths(value: Any, path: Path = ()) -> list[Path]:
    """Return the path of every value that is no table, and of every empty one."""
    if isinstance(value, dict) and value:
        return [found for key, item in value.items() for found in paths(item, (*path, key))]
    if isinstance(value, list) and value:
        return [found for at, item in enumerate(value) for found in paths(item, (*path, at))]
    return [path]


def test_a_missing_key_has_the_line_of_the_table_around_it() -> None:
    """And line 1 if there is none."""
    lines = lines_of(EVERYTHING)

    assert line_of(lines, ("tasks", 1, "work_ms")) == 37
    assert line_of(lines, ("table", "below", "nothing")) in {21, 24}
    assert line_of(lines, ("nothing at all",)) == 1


def test_windows_line_ends_count_once() -> None:
    """A file of another system has the same lines."""
    assert lines_of("a = 1\r\nb = 2\r\n[t]\r\nc = [\r\n3]\r\n")[("t", "c", 0)] == 5
