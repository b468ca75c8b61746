"""What is kept of an error, and what people are shown of it."""

from __future__ import annotations

import contextlib
import itertools
import re
import traceback
from typing import Final

ERROR_LENGTH: Final = 20_000

_HEADER: Final = "Traceback (most recent call last):"
_OF_GROUP: Final = re.compile(r"^  [|+] ")


def class_path(kind: type[BaseException]) -> str:
    """Return the dotted path of an exception's class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an exception, even of one that cannot be printed, to be stored."""
    with contextlib.suppress(Exception):
        return error_text("".join(traceback.format_exception(error)))
    return f"{type(error).__qualname__}, whose text cannot be had: its __str__ or __repr__ fails"


def error_text(text: str) -> str:
    """Return the end of a traceback, in characters that every database can hold."""
    clean = text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
    return clean if len(clean) <= ERROR_LENGTH else f"[...]\n{clean[-ERROR_LENGTH:]}"


def naming_line(error: str, exception: str = "") -> str:
    """Return the line of a traceback that names the exception, and not one of its message.

    Where the exception's class is not known, that is the first one after the last frame.
    """
    lines = [_OF_GROUP.sub("", line) for line in error.strip().splitlines()]
    flat = [line for line in lines if line and not line[0].isspace()]
    short = exception.removeprefix("builtins.")
    if short and (named := [line for line in flat if line.startswith(short)]):
        return named[-1]
    end = list(itertools.takewhile(lambda line: not line.endswith(_HEADER), reversed(flat)))
    if len(end) == len(flat):  # no header: no traceback, or the end of a long one
        return (flat or lines or [""])[-1]
    return end[-1] if end else flat[-1]


def first_line(error: Exception) -> str:
    """Return what an error of a database says, without its hints and details."""
    return str(error).strip().partition("\n")[0]
