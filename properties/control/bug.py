"""A bug: a race in which it shows, and as what."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from django.test.utils import override_settings

if TYPE_CHECKING:
    from properties.control.ground import Ground

Programs: TypeAlias = Mapping[str, Callable[[], Any]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One bug.

    Attributes:
        summary: what happens.
        provenance: where it was reported, or the lines that say so.
        anomalies: the names of which one must be found; none where 1.2.8 is right.
        begin: fills the tables and returns the programs by name.
        check: finds what the story does not tell.
        kills: how many of the sessions are killed, each somewhere.
        budget: how many schedules may be played until it is found.
    """

    name: str
    summary: str
    provenance: str
    anomalies: frozenset[str]
    sessions: int
    begin: Callable[[Ground], Programs]
    check: Callable[[Ground], str | None] = lambda _: None
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    kills: int = 0
    budget: int = 200

    def housed(self) -> Any:
        """Return a context in which its settings are those of the project."""
        return override_settings(**self.settings)
