"""The command line of ``nox -s chaos``, by subcommand; without one, ``run`` is meant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console

from chaos.commands.compare import COMPARE
from chaos.commands.explore import EXPLORE
from chaos.commands.list import LIST
from chaos.commands.recheck import RECHECK
from chaos.commands.replay import REPLAY
from chaos.commands.run import RUN
from chaos.commands.show import SHOW
from chaos.session import RunFailed
from chaos.soundness import nearest
from chaos.stored import StoredRunError
from engine.command_line import (
    HARNESS_ERROR,
    INTERRUPTED,
    USAGE_ERROR,
    UsageError,
    stop_cleanly,
)
from engine.databases import ServerFailed, Unavailable
from engine.subjects import SubjectUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.commands.command import Command

COMMANDS: Final[dict[str, Command]] = {
    command.name: command for command in (RUN, LIST, SHOW, REPLAY, RECHECK, COMPARE, EXPLORE)
}

HELP: Final = """\
usage: nox -s chaos [-- COMMAND ...]

Kill real workers of a task queue on real databases, and compute from the recorded history
whether anything was lost, run twice or stuck.

commands, each with its own --help:
{commands}

Without a command, `run` is meant:
  nox -s chaos                                          the smoke scenarios, all databases
  nox -s chaos -- --scenario poison --database sqlite   one run

exit codes: 0 VALID, 1 INVALID, 2 UNKNOWN, 254 wrong usage, 255 the harness failed,
130 interrupted (everything was stopped, and the runs that had ended are kept)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry a subcommand out and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] in (["--help"], ["-h"], ["help"]):
        sys.stdout.write(HELP.format(commands=_overview()))
        return 0
    name, rest = _divided(given)
    if name not in COMMANDS:
        sys.stderr.write(f"chaos: there is no command {name!r}; {nearest(name, COMMANDS)}\n")
        return USAGE_ERROR
    command = COMMANDS[name]
    options = command.parser().parse_args(rest)
    stop_cleanly()
    terminal = Console(stderr=getattr(options, "json", False), highlight=False)
    try:
        return command.execute(options, terminal)
    except KeyboardInterrupt:
        terminal.print("interrupted: everything was stopped; no verdict")
        return INTERRUPTED
    except (UsageError, StoredRunError, SubjectUnavailableError, Unavailable) as error:
        sys.stderr.write(f"chaos: {error}\n")
        return USAGE_ERROR
    except (RunFailed, ServerFailed) as error:
        sys.stderr.write(f"chaos: {error}\n")
        return HARNESS_ERROR


def _divided(given: list[str]) -> tuple[str, list[str]]:
    """Return the command and its arguments; options alone are those of ``run``."""
    if "--list" in given:  # from before there were commands
        return LIST.name, [word for word in given if word != "--list"]
    if not given or given[0].startswith("-"):
        return RUN.name, given
    return given[0], given[1:]


def _overview() -> str:
    return "\n".join(f"  {command.name:<9}{command.summary}" for command in COMMANDS.values())
