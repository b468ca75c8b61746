"""statement-error: the database answers a statement with an error, with the driver's own exception.

``statement`` names one of the subject's, ``error`` one of ``engine.project.errors``, ``at`` when:
``before`` it took effect, ``after``, or ``before-commit``; after a commit only the connection can
be lost. ``role`` is worker or producer, and whoever comes there first gets it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import ORANGE, Fault, Proof
from chaos.faults.orders import obeyed, ordered
from chaos.faults.patience import landing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Order the error; it has landed when the database has answered somebody with it."""
    name = str(options["name"])
    order = {word: options[word] for word in ("statement", "at", "error")}
    role = str(options.get("role", "worker"))
    with (
        ordered(arena, name, **order, do="error", role=role),
        landing(arena, lambda: _told(arena, name)) as proof,
    ):
        yield proof


def _told(arena: Arena, name: str) -> Mapping[str, Any] | None:
    for op in obeyed(arena, name):
        return {"pids": [int(op.value["pid"])], "statement": op.value["statement"]}
    return None


def _unavailable(_database: Database, subject: Subject) -> str:
    if not subject.statements:
        return f"nobody knows which statements of {subject.name} are which"
    return ""


STATEMENT_ERROR = Fault(
    name="statement-error",
    family="database",
    summary="the database answers a named statement, or its commit, with an error",
    disturbs="processes",
    colour=ORANGE,
    inflict=inflict,
    unavailable=_unavailable,
)
