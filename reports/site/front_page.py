"""The front page: where everything that is stored is listed, and linked."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Final

import jinja2

from reports.page.wording import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEMPLATES: Final = (
    Path(__file__).parent / "templates",
    Path(__file__).parents[1] / "page" / "templates",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the front page.

    Attributes:
        link: from the folder of the page; "" if there is no page.
        tone: VALID, INVALID or UNKNOWN, which the style has colours for; "" for none.
    """

    title: str
    link: str
    status: str
    tone: str
    when: str
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """What the page says.

    Attributes:
        report: the link to the throughput report; "" if there is none.
    """

    report: str
    loads: Sequence[Entry]
    sessions: Sequence[Entry]
    complaints: Sequence[str]


def write_front_page(path: Path, page: FrontPage) -> Path:
    """Write the page; it needs no network and no other file."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(moment=moment)
    text = environment.get_template("front.html").render(page=page)
    path.write_bytes(text.encode("utf-8", errors="replace"))
    return path
