"""What people are shown of an error, and what is kept of it."""

from __future__ import annotations

import traceback

import pytest

from background_task.error_texts import class_path, first_line, naming_line


class OutOfPaperError(Exception):
    """An error of the shop."""


def _traceback(error: BaseException) -> str:
    try:
        raise error
    except type(error) as raised:
        return "".join(traceback.format_exception(raised))


PATH = class_path(OutOfPaperError)
FOREIGN = "it said:\nTraceback (most recent call last):\n  File x\nOSError: [Errno 5]"


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OutOfPaperError("tray 2"), f"{PATH}: tray 2"),
        (OutOfPaperError("tray 2\nand tray 3\n  both: of them"), f"{PATH}: tray 2"),
        (OutOfPaperError(), PATH),
        (ValueError("first\nsecond"), "ValueError: first"),
        (ExceptionGroup("both", [ValueError("a")]), "ExceptionGroup: both (1 sub-exception)"),
    ],
)
def test_the_line_with_the_exceptions_name_is_shown(
    error: Exception, line: str, *, is_known: bool
) -> None:
    """And not the last one of its message, whether its class is known or not."""
    known = class_path(type(error)) if is_known else ""

    assert naming_line(_traceback(error), known) == line


def test_a_traceback_inside_a_message_misleads_only_those_who_do_not_know_the_class() -> None:
    """The text alone does not tell whose it is."""
    text = _traceback(OutOfPaperError(FOREIGN))

    assert naming_line(text, PATH) == f"{PATH}: it said:"
    assert naming_line(text) == "OSError: [Errno 5]"


def test_the_last_of_a_chain_is_shown() -> None:
    """It is the one that ended the attempt."""
    error = OutOfPaperError("tray 2")
    error.__cause__ = ValueError("empty")

    assert naming_line(_traceback(error)) == f"{PATH}: tray 2"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("worker process 7 was killed by SIGKILL\n", "worker process 7 was killed by SIGKILL"),
        ("[...]\n  a()\nRecursionError: too deep", "RecursionError: too deep"),
        ("", ""),
    ],
)
def test_a_text_without_a_header_has_a_line_too(text: str, line: str) -> None:
    """A worker that died left none, and of a long traceback only the end is kept."""
    assert naming_line(text) == line


def test_of_an_error_of_a_database_the_first_line_is_told() -> None:
    """Its hints are for another place."""
    assert first_line(ValueError("no such table\nLINE 1: select")) == "no such table"
