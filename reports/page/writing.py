"""Turns a stored run or a session into a file of HTML.

A page carries its own style and script and forbids everything else by its content security policy.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from reports.page.report import describe_run
from reports.page.session import describe_session, read_session
from reports.page.stored_run import BadRunError, read_ops, read_run
from reports.page.wording import moment, pairs, plain, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.page.session import Session

_TEMPLATES = Path(__file__).parent / "templates"


def write_report(folder: Path) -> Path:
    """Write report.html into a run's folder and return its path; raises BadRunError."""
    run = read_run(folder)
    with _without_collection():
        content = describe_run(run, read_ops(folder))
    return _write(folder / "report.html", "report.html", content)


def write_index(folder: Path) -> Path:
    """Write index.html over all runs below a folder and return its path; raises BadRunError."""
    return write_session(read_session(folder))


def write_session(session: Session) -> Path:
    """Write the index.html of a session that has been read already."""
    return _write(session.folder / "index.html", "index.html", describe_session(session))


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Spare the search for cycles: a million ops have none, and it takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _write(path: Path, template: str, content: Mapping[str, object]) -> Path:
    environment = _environment()
    page = environment.get_template(template).render(
        content, script_hash=_hash(environment.get_template("page.js").render())
    )
    try:
        # JSON may hold half of a surrogate pair, which no file of text can.
        path.write_bytes(page.encode("utf-8", errors="replace"))
    except OSError as error:
        raise BadRunError(
            f"{path} cannot be written ({error.strerror}): make the folder writable."
        ) from error
    return path


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(moment=moment, pairs=pairs, plain=plain, plural=plural)
    return environment


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
