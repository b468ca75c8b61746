"""The property table: the properties by family, worst first, and those that nothing exercised.

A property that was not put to the test is never shown as if it had held.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from reports.page.anomaly_pages import explain
from reports.page.families import family_of
from reports.page.sentences import explain_unknown
from reports.page.wording import clip
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.page.anomaly_pages import AnomalyPage
    from reports.schema import CheckResult


class State(enum.StrEnum):
    """What became of a property, the worst first; all but the last two are verdicts."""

    INVALID = "INVALID"
    UNKNOWN = "UNKNOWN"
    ALLOWED = "ALLOWED"
    VALID = "VALID"
    UNTESTED = "UNTESTED"

    @property
    def rank(self) -> int:
        """The worst has the lowest."""
        return list(State).index(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PropertyRow:
    """One row of the table; ``witness`` is the identity of its first dossier."""

    name: str
    state: State
    count: int
    exercised: int
    is_forbidden: bool
    is_required: bool
    note: str
    witness: str | None
    page: AnomalyPage


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The properties of one promise, worst first."""

    name: str
    rows: tuple[PropertyRow, ...]


def state_of(check: CheckResult) -> State:
    """Say what became of a property."""
    if check.verdict is Verdict.INVALID:
        return State.INVALID
    if check.verdict is Verdict.UNKNOWN:
        is_idle = not check.is_required and check.exercised == 0
        return State.UNTESTED if is_idle else State.UNKNOWN
    return State.ALLOWED if check.count else State.VALID


def list_properties(
    checks: Sequence[CheckResult], witnesses: Mapping[str, str]
) -> list[PropertyRow]:
    """Make the rows, the worst first; ``witnesses`` has the first dossier of each property."""
    rows = [_row(check, witnesses.get(check.name)) for check in checks]
    return sorted(rows, key=lambda row: row.state.rank)


def group(rows: Sequence[PropertyRow]) -> list[Family]:
    """Put what was tested into families; the family with the worst row comes first."""
    families: dict[str, list[PropertyRow]] = {}
    for row in rows:
        if row.state is not State.UNTESTED:
            families.setdefault(family_of(row.name), []).append(row)
    return [Family(name=name, rows=tuple(mine)) for name, mine in families.items()]


def _row(check: CheckResult, witness: str | None) -> PropertyRow:
    state = state_of(check)
    return PropertyRow(
        name=clip(check.name),
        state=state,
        count=check.count,
        exercised=check.exercised,
        is_forbidden=check.is_forbidden,
        is_required=check.is_required,
        note=explain_unknown(check) if check.verdict is Verdict.UNKNOWN else clip(check.note),
        witness=witness,
        page=explain(check.name),
    )
