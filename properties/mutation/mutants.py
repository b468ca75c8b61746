"""What mutmut made of each line, and whether a test noticed: read from the files that it leaves.

A mutant is known by what it changes, and not by mutmut's number of it: that moves with every line.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SURVIVED: Final = frozenset({0, 5, 33})
"""The exit codes of a run in which all tests passed, or in which none saw the mutant."""

UNJUDGED: Final = frozenset({None, 2, 34})
"""Of one that was not run to its end."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one function.

    Attributes:
        module: such as ``chaos.checkers.lost``.
        place: the function, or the class and its method.
        change: the lines that it takes away and those that it puts there.
        repetition: which one it is of several of the function that look alike, from 1.
        exit_code: of the tests.
    """

    module: str
    place: str
    change: str
    repetition: int
    exit_code: int | None

    @property
    def name(self) -> str:
        """What it is listed by."""
        again = f" ({self.repetition})" if self.repetition > 1 else ""
        return f"{self.place}: {self.change}{again}"

    @property
    def has_survived(self) -> bool:
        """Whether no test noticed it."""
        return self.exit_code in SURVIVED

    @property
    def is_judged(self) -> bool:
        """Whether the tests were run to their end on it; a timeout is an end."""
        return self.exit_code not in UNJUDGED


def read_mutants(sandbox: Path) -> list[Mutant]:
    """Return all mutants of a sandbox, module by module."""
    root = sandbox / "mutants"
    return [
        mutant for meta in sorted(root.rglob("*.py.meta")) for mutant in _mutants_of(meta, root)
    ]


def _mutants_of(meta: Path, root: Path) -> Iterator[Mutant]:
    path = meta.with_suffix("")
    codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    functions = _functions(path.read_text())
    module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    seen: dict[str, int] = {}
    for key, code in codes.items():
        mangled = key.rpartition(".")[2]
        original = re.sub(r"__mutmut_\d+$", "__mutmut_orig", mangled)
        change = _change(functions[original], functions[mangled])
        place = _place(original)
        seen[place + change] = repetition = seen.get(place + change, 0) + 1
        yield Mutant(
            module=module, place=place, change=change, repetition=repetition, exit_code=code
        )


def _functions(source: str) -> dict[str, list[str]]:
    """Return the lines of all functions, by name, without that name and their indentation."""
    lines = source.splitlines()
    return {
        node.name: [
            line.strip().replace(f"def {node.name}(", "def (")
            for line in lines[node.lineno - 1 : node.end_lineno]
        ]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }


def _change(before: Sequence[str], after: Sequence[str]) -> str:
    changed = [
        line
        for line in difflib.unified_diff(before, after, n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    gone = " ".join(line[1:] for line in changed if line.startswith("-"))
    new = " ".join(line[1:] for line in changed if line.startswith("+"))
    return f"{gone} -> {new}".rstrip()


def _place(mangled: str) -> str:
    """Read the function out of ``x_find__mutmut_orig`` and ``xǁJudgeǁfind__mutmut_orig``."""
    name = mangled.removesuffix("__mutmut_orig").removeprefix("x")
    return ".".join(name.strip("ǁ").split("ǁ")) if name.startswith("ǁ") else name[1:]
