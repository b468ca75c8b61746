"""Writes a report's three files, from the same sections."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final

from reports.throughput.context import arrange
from reports.throughput.document import describe
from reports.throughput.html import write_html
from reports.throughput.markdown import write_markdown
from reports.throughput.sections import sections_of
from reports.throughput.stored import BadLoadError, read_load_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.throughput.forecast import Forecast

PAGE: Final = "index.html"
_TITLE: Final = "Stay, tune or move: throughput report"
_RUN_TITLE: Final = "Load run"


def write_throughput(
    folders: Sequence[Path], output: Path, forecast: Forecast | None = None
) -> list[Path]:
    """Write index.html, report.md and report.json over some runs; raises BadLoadError."""
    context = arrange([read_load_run(folder) for folder in folders], forecast)
    sections = sections_of(context)
    document = dataclasses.asdict(describe(context, sections))
    return [
        _write(output / PAGE, write_html(_TITLE, sections)),
        _write(output / "report.md", write_markdown(_TITLE, sections)),
        _write(output / "report.json", json.dumps(document, indent=1, default=str) + "\n"),
    ]


def write_load_page(folder: Path) -> Path:
    """Write load.html, the page of one run alone, into its folder; raises BadLoadError."""
    run = read_load_run(folder)
    title = f"{_RUN_TITLE} {run.name}: {run.manifest.profile}"
    page = write_html(title, sections_of(arrange([run], None)))
    return _write(folder / "load.html", page)


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # JSON may hold half of a surrogate pair, which no file of text can.
        path.write_bytes(text.encode("utf-8", errors="replace"))
    except OSError as error:
        raise BadLoadError(
            f"{path} cannot be written ({error.strerror}): make the folder writable, or name "
            "another with --output."
        ) from error
    return path
