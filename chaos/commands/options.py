"""Options that several subcommands share: what to test, whose tasks to run, what to write."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.formats.junit import to_junit
from chaos.formats.markdown import session_markdown
from chaos.project import Project
from chaos.table import STYLES, print_session
from engine.command_line import UsageError, a_path
from engine.databases import NAMES
from engine.subjects import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from reports.session_schema import ComparisonDocument, SessionDocument


def add_subject(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Declare which queue is tested."""
    said = f"default: {default}" if default else "default: the one that it was stored for"
    parser.add_argument(
        "--subject",
        default=default,
        metavar="NAME",
        help=f"the queue under test: {', '.join(SUBJECTS)}, or package.module:Class ({said})",
    )


def add_databases(parser: argparse.ArgumentParser) -> None:
    """Declare which databases it is tested on."""
    parser.add_argument(
        "--database",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"run on this one, and fail without it; may be given again: {', '.join(NAMES)}",
    )


def add_project(parser: argparse.ArgumentParser) -> None:
    """Declare whose tasks are run."""
    parser.add_argument(
        "--project",
        type=a_path,
        metavar="DIR",
        help="run tasks of the Django project in this folder, by its killproof_scenarios.py",
    )
    parser.add_argument(
        "--settings", metavar="MODULE", help="the settings module of that project, as shop.settings"
    )
    parser.add_argument(
        "--python",
        type=a_path,
        metavar="PATH",
        help="the Python that has what the project needs (default: the one of this session)",
    )


def project_of(options: argparse.Namespace) -> Project | None:
    """Return the project that was named, if any.

    Raises:
        UsageError: it is named by half, or has no folder.
    """
    if options.project is None:
        if options.settings or options.python:
            raise UsageError("--settings and --python are of a project: name it with --project")
        return None
    if not options.project.is_dir():
        raise UsageError(f"--project: there is no folder {options.project}")
    if not options.settings:
        raise UsageError("--project needs --settings too: the settings module, as shop.settings")
    python = Path(os.path.abspath(options.python)) if options.python else None  # noqa: PTH100
    return Project(path=options.project.resolve(), settings=options.settings, python=python)


def add_formats(parser: argparse.ArgumentParser) -> None:
    """Declare what else is written at the end."""
    parser.add_argument("--json", action="store_true", help="print the end as JSON on stdout")
    parser.add_argument("--json-file", type=_file, metavar="FILE", help="write that JSON here too")
    parser.add_argument("--junit", type=_file, metavar="FILE", help="write JUnit XML here, for CI")
    parser.add_argument(
        "--markdown",
        type=_file,
        metavar="FILE",
        help="write Markdown here, for a pull request or $GITHUB_STEP_SUMMARY",
    )


def tell(document: SessionDocument, options: argparse.Namespace, terminal: Console) -> int:
    """Write a session in all formats that were asked for; return its exit code."""
    if options.json_file:
        write(options.json_file, as_json(document))
    if options.junit:
        write(options.junit, to_junit(document))
    if options.markdown:
        write(options.markdown, session_markdown(document))
    if options.json:
        sys.stdout.write(as_json(document))
    else:
        print_session(document, terminal)
        terminal.print(STYLES[document.verdict])
    return document.exit_code


def as_json(document: SessionDocument | ComparisonDocument) -> str:
    """Return a document as the JSON that its published schema describes."""
    return json.dumps(dataclasses.asdict(document), indent=1) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file that was asked for.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def names_of(words: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Return the words without repetitions, in the order of what is known."""
    return [name for name in known if name in (words or known)]


def _file(text: str) -> Path:
    """Refuse a file that cannot be written before anything is run for it."""
    path = Path(os.path.abspath(text))  # noqa: PTH100 - the file need not exist
    target = path if path.exists() else path.parent
    if not text or path.is_dir() or not path.parent.is_dir() or not os.access(target, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} is no file that could be written")
    return path
