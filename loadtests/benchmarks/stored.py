"""A stored run: one JSON file in a folder of its own, written anew after each benchmark."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final, Literal

from loadtests.benchmarks.figure import Figure

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "benchmarks.json"
FORMAT: Final = 1

Status = Literal["complete", "incomplete", "interrupted"]


class StoredRunError(Exception):
    """A folder holds no run that could be read: one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one benchmark.

    Attributes:
        command: what to type to measure it again.
        missing: a sentence for each thing that was not to be had.
        failure: why it ended in the middle, or empty.
        contenders: queues and servers with versions, packages and durability settings.
    """

    benchmark: str
    command: str
    started_at: str
    seconds: float
    figures: tuple[Figure, ...]
    missing: tuple[str, ...] = ()
    failure: str = ""
    contenders: tuple[dict[str, Any], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All results of one command.

    Attributes:
        environment: versions, machine and commit.
        load: the load average of a minute when it began: on a quiet machine it is near zero.
    """

    command: str
    seed: int
    is_quick: bool
    started_at: str
    environment: dict[str, Any]
    load: float
    status: Status = "interrupted"
    results: tuple[Result, ...] = ()

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        fresh = folder / f"{FILE}.partial"
        document = {"format": FORMAT, **dataclasses.asdict(self)}
        fresh.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        fresh.replace(folder / FILE)


def read_run(folder: Path) -> Run:
    """Read a stored run.

    Raises:
        StoredRunError: there is none in this folder, or it is of another format.
    """
    try:
        document = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if document.pop("format") != FORMAT:
            raise StoredRunError(f"{folder / FILE} is of another format than {FORMAT}")
        results = tuple(_result(each) for each in document.pop("results"))
        return Run(**document, results=results)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoredRunError(f"{folder} holds no stored benchmarks: {error}") from error


def _result(document: dict[str, Any]) -> Result:
    figures = tuple(
        Figure(**{**each, "samples": tuple(each["samples"])}) for each in document.pop("figures")
    )
    missing, contenders = tuple(document.pop("missing")), tuple(document.pop("contenders"))
    return Result(**document, missing=missing, contenders=contenders, figures=figures)
