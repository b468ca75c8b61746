"""What ``docs/anomalies`` says of an anomaly, so that a page explains it without a network.

The documentation is the one place that says it: a new anomaly needs no word here.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path

from markupsafe import Markup, escape

_FOLDER = Path(__file__).parents[2] / "docs" / "anomalies"
_ROW = re.compile(
    r"\| \[(?P<name>[\w-]+)\]\([^)]*\) \| (?P<sentence>[^|]*) \| (?P<counts>[^|]*) \|"
)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyPage:
    """One anomaly in words.

    Attributes:
        sentence: what it is, of a task.
        counts: what its ``exercised`` counts.
        paragraphs: the text of its page, without the example.
    """

    name: str
    sentence: str
    counts: str
    paragraphs: tuple[Markup, ...]


def explain(name: str, folder: Path = _FOLDER) -> AnomalyPage:
    """Say what an anomaly is; spelling with underscores is the same name."""
    name = name.lower().replace("_", "-").replace(" ", "-")
    sentence, counts = _overview(folder).get(name, ("", "opportunities"))
    return AnomalyPage(
        name=name,
        sentence=f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "Not explained yet.",
        counts=counts,
        paragraphs=_paragraphs(folder / f"{name}.md") if sentence else (),
    )


@functools.cache
def _overview(folder: Path) -> dict[str, tuple[str, str]]:
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except OSError:
        return {}
    return {row["name"]: (row["sentence"], row["counts"]) for row in _ROW.finditer(text)}


@functools.cache
def _paragraphs(path: Path) -> tuple[Markup, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return ()
    without_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    blocks = [block.strip("\n") for block in without_code.split("\n\n")]
    # A headline, a drawing, a table and a line that leads to the example say nothing without it.
    kept = [block for block in blocks if block and not block.startswith(("#", "    ", "|", "-"))]
    return tuple(_inline(block) for block in kept if not block.endswith(":"))


def _inline(block: str) -> Markup:
    """Turn the marks of a paragraph into elements; links keep their words."""
    said = str(escape(_LINK.sub(r"\1", " ".join(block.split()))))
    said = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", said)
    return Markup(re.sub(r"`(.+?)`", r"<code>\1</code>", said))  # noqa: S704 - escaped above
