"""The cells of a session of which there is no stored run, each with the reason why.

They are in the session's own ``session.json``; a folder without one has none that are known.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final

from reports.documents import from_document
from reports.page.stored_run import BadRunError
from reports.page.wording import clip
from reports.session_schema import VERSION, SessionDocument

if TYPE_CHECKING:
    from pathlib import Path

SESSION_FILE: Final = "session.json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A scenario that was not carried out on a database.

    Attributes:
        status: not applicable, not tested or failed.
        reason: in one sentence.
        is_missing: whether it was asked for, so that nothing is proven without it.
    """

    scenario: str
    database: str
    subject: str
    status: str
    reason: str
    is_missing: bool


def read_absences(folder: Path) -> tuple[Absence, ...]:
    """Read what the session says was not tested; raises BadRunError if it says it wrongly."""
    path = folder / SESSION_FILE
    if not path.is_file():
        return ()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        session = from_document(SessionDocument, document)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadRunError(
            f"{path} is no document of a session ({error}): remove it, or run the session again."
        ) from error
    if session.schema_version != VERSION:
        raise BadRunError(f"{path} has a schema_version that is not {VERSION}: make it anew.")
    # Which databases were asked for by name is in the verdict: it is then UNKNOWN or worse.
    is_asked = session.verdict != "VALID" and session.exit_code != 0
    return tuple(
        Absence(
            scenario=clip(cell.scenario),
            database=clip(cell.database),
            subject=clip(cell.subject),
            status=cell.status,
            reason=clip(cell.reason),
            is_missing=cell.status == "failed" or (cell.status == "not tested" and is_asked),
        )
        for cell in session.cells
        if cell.status != "tested"
    )
