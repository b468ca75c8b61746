"""``compare``: stored sessions or runs side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chaos.commands.command import Command
from chaos.commands.options import as_json, write
from chaos.formats.describing import describe_session, describe_stored
from chaos.formats.markdown import comparison_markdown
from chaos.stored import find_runs, read_run
from chaos.table import print_comparison
from engine.command_line import UsageError, a_path
from reports.session_schema import ComparisonDocument, Side

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rich.console import Console

EXAMPLES: Final = """\
  nox -s chaos -- compare reports/runs/MONDAY reports/runs/TUESDAY
  nox -s chaos -- compare reports/runs/SESSION/poison-sqlite reports/runs/SESSION/poison-mysql
  nox -s chaos -- compare reports/runs/OURS reports/runs/THEIRS --markdown comparison.md

It reads results.json as stored; `recheck --write` brings that up to date. Exit code: 0.
"""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", nargs="+", type=a_path, metavar="DIR", help="runs or sessions")
    parser.add_argument("--json", action="store_true", help="print it as JSON on stdout")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write Markdown here")


def _execute(options: argparse.Namespace, terminal: Console) -> int:
    if len(set(map(Path.resolve, options.folders))) < 2:  # noqa: PLR2004 - two make a comparison
        raise UsageError("name at least two different folders to compare")
    document = compared(options.folders)
    if options.markdown:
        write(options.markdown, comparison_markdown(document))
    if options.json:
        sys.stdout.write(as_json(document))
    else:
        print_comparison(document, terminal)
    return 0


def compared(folders: Sequence[Path]) -> ComparisonDocument:
    """Read the runs of each folder.

    Raises:
        StoredRunError: one holds none.
    """
    names = short_names([str(folder.resolve()) for folder in folders])
    sides = []
    for name, folder in zip(names, folders, strict=True):
        runs = [read_run(found) for found in find_runs([folder])]
        unjudged = "it has no results.json that could be read: `recheck` judges it"
        cells = [
            describe_stored(run, run.results, reason="" if run.results else unjudged)
            for run in runs
        ]
        sides.append(Side(name=name, session=describe_session(cells)))
    return ComparisonDocument(sides=tuple(sides))


def short_names(paths: Sequence[str]) -> list[str]:
    """Return the ends of the paths that tell them apart."""
    parts = [Path(path).parts for path in paths]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(each[-length:]) for each in parts]
        if len(set(names)) == len(set(paths)):
            return names
    return list(paths)


COMPARE = Command(
    name="compare",
    summary="put stored sessions or runs side by side",
    examples=EXAMPLES,
    configure=_configure,
    execute=_execute,
)
