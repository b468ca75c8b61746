"""Names what is wrong with the tables, in the words of ``docs/anomalies``.

Pure: it compares two contents, what the model says and what was found, and names one difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from properties.model import ERRORS_KEPT

if TYPE_CHECKING:
    from collections.abc import Collection

    from properties.machine.contents import Contents, Row

_ELSEWHERE: Final = {
    ("waiting", "claimed"): "stuck",
    ("claimed", "waiting"): "unjustified-redelivery",
    ("waiting", "failed"): "early-dead-letter",
    ("claimed", "failed"): "early-dead-letter",
    ("waiting", "completed"): "zombie-finish",
    ("claimed", "completed"): "zombie-finish",
    ("failed", "waiting"): "attempt-overrun",
    ("failed", "claimed"): "attempt-overrun",
    ("completed", "waiting"): "unjustified-redelivery",
    ("completed", "claimed"): "unjustified-redelivery",
}
"""Where a task should be, and where it was found. What is not here is no legal change at all."""

_LESS_OR_MORE: Final = {
    "live_hash": ("dedupe-violation", "false-dedupe"),
    "is_unique": ("dedupe-violation", "false-dedupe"),
    "token": ("double-claim", "double-claim"),
    "attempts": ("uncounted-attempt", "early-dead-letter"),
    "lease_until": ("unjustified-redelivery", "overlong-lease"),
    "slot_at": ("double-fire", "missed-fire"),
    "run_at": ("premature", "late"),
    "priority": ("priority-inversion", "priority-inversion"),
    "queue": ("stuck", "stuck"),
    "claimed_by": ("limbo", "limbo"),
    "max_attempts": ("early-dead-letter", "attempt-overrun"),
    "timeout_seconds": ("unprovoked-death", "unprovoked-death"),
    "hold_seconds": ("dedupe-violation", "stale-key"),
    "repeat": ("missed-fire", "double-fire"),
    "repeat_until": ("missed-fire", "double-fire"),
    "catch_up": ("missed-fire", "double-fire"),
    "cron": ("missed-fire", "double-fire"),
}
"""What a value means that is less than it should be, or more; None is the least of all.

In the order in which they are looked at. All other columns are ``corruption``.
"""


def describe(wanted: Contents, found: Contents, *, seen: Collection[int], stray: str) -> str | None:
    """Return the name of an anomaly and what was found, or None if all is as it should be.

    Args:
        wanted: what the model says.
        found: what the tables say.
        seen: the ids that were in the tables before this step.
        stray: what it is called if a task is live that the model does not know.
    """
    if found.twice:
        return f"conservation: {sorted(found.twice)} are in more than one table"
    for id_ in sorted({*wanted.tasks, *found.tasks}):
        if problem := _task(id_, wanted.tasks.get(id_), found.tasks.get(id_), seen, stray):
            return problem
    for hash_ in sorted({*wanted.held, *found.held}):
        if problem := _hold(wanted.held.get(hash_), found.held.get(hash_)):
            return problem
    for id_ in sorted({*wanted.errors, *found.errors}):
        if problem := _errors(id_, wanted.errors.get(id_, []), found.errors.get(id_, [])):
            return problem
    return None


def _task(
    id_: int, wanted: Row | None, found: Row | None, seen: Collection[int], stray: str
) -> str | None:
    if wanted == found:
        return None
    if found is None:
        name = "vanished" if id_ in seen else "lost"
        return f"{name}: #{id_} is in no table"
    if wanted is None:
        is_live = found["place"] in ("waiting", "claimed")
        name = stray if is_live else "conservation"
        return f"{name}: nobody knows #{id_}, {found}"
    if wanted["place"] != found["place"]:
        name = _ELSEWHERE.get((wanted["place"], found["place"]), "illegal-transition")
        return f"{name}: #{id_} is {found['place']} and should be {wanted['place']}"
    return _column(id_, wanted, found)


def _column(id_: int, wanted: Row, found: Row) -> str:
    column = next(name for name in (*_LESS_OR_MORE, *wanted) if wanted.get(name) != found.get(name))
    less, more = _LESS_OR_MORE.get(column, ("corruption", "corruption"))
    name = less if _is_less(found[column], wanted[column]) else more
    if column == "run_at" and wanted["attempts"]:
        name = "backoff-violation"
    return f"{name}: #{id_} {column} is {found[column]!r} and should be {wanted[column]!r}"


def _is_less(value: Any, other: Any) -> bool:
    return other is not None and (value is None or value < other)


def _hold(wanted: tuple[int, int] | None, found: tuple[int, int] | None) -> str | None:
    if wanted == found:
        return None
    if wanted is None or (found is not None and found[1] > wanted[1]):
        return f"stale-key: a hold is {found} and should be {wanted}"
    return f"dedupe-violation: a hold is {found} and should be {wanted}"


def _errors(id_: int, wanted: list[Row], found: list[Row]) -> str | None:
    if wanted == found:
        return None
    if len(wanted) != len(found) or len(found) > ERRORS_KEPT:
        return f"conservation: #{id_} has {len(found)} errors and should have {len(wanted)}"
    return f"corruption: the errors of #{id_} are {found} and should be {wanted}"
