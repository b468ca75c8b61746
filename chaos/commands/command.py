"""What a subcommand of ``nox -s chaos`` is, and how its arguments are read."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import TYPE_CHECKING, NoReturn

from engine.command_line import USAGE_ERROR, Answered, Parser

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One subcommand.

    Attributes:
        summary: one sentence, for the list of commands and for its own help.
        examples: lines to type, with what they do.
        configure: declares its arguments.
        execute: does it and returns the exit code; may raise ``UsageError``.
    """

    name: str
    summary: str
    examples: str
    configure: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[argparse.Namespace, Console], int]

    def parser(self) -> argparse.ArgumentParser:
        """Return the parser of its arguments."""
        parser = _CommandParser(
            prog=f"nox -s chaos -- {self.name}",
            description=self.summary,
            epilog=f"examples:\n{self.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.configure(parser)
        return parser


class _CommandParser(Parser):
    """A parser whose complaint names the subcommand's own help."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"chaos: {message}; see `{self.prog} --help`\n")
        raise Answered(USAGE_ERROR)
