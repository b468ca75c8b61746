"""One setting that a flip changes: what it tests, what it says of itself, and how it is turned.

A knob that is turned has taken effect, as the database itself says, or raises KnobError; at the
end of its block everything is as it was before.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.contenders.contender import Contender, Site
    from engine.databases import Database

    Turned = tuple[Site, Mapping[str, Any]]


class KnobError(Exception):
    """A knob does not exist, does not fit, or did not take effect: one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a knob changes, in words.

    Attributes:
        before: the setting of the step without the knob; ``after`` the one with it.
        is_unsafe: whether the setting loses acknowledged tasks: for the laboratory only.
        risk: what may be lost, and when; "" if nothing is.
    """

    before: str
    after: str
    is_unsafe: bool = False
    risk: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Knob(abc.ABC):
    """One setting.

    Attributes:
        name: what profiles call it.
        suspect: the label of the bottleneck that it tests, as in ``reports.load_schema.Suspect``.
    """

    name: str
    suspect: str

    def why_not(self, contender: Contender, database: Database) -> str:
        """Say in one sentence why it cannot be turned here; say nothing if it can."""
        del contender, database
        return ""

    def is_applicable(self, contender: Contender, database: Database) -> bool:
        """Tell whether it can be turned here; ``why_not`` has the reason if not."""
        return not self.why_not(contender, database)

    @abc.abstractmethod
    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Say what it changes at a site that it is not applied to yet."""

    def adjusted(self, site: Site, workload: Mapping[str, Any]) -> Turned:
        """Return the site and the document of the workload with the setting changed."""
        return site, workload

    @contextlib.contextmanager
    def turned(self, site: Site, workload: Mapping[str, Any]) -> Iterator[Turned]:
        """Change the setting until the end of the block.

        Raises:
            KnobError: it does not fit the site, or did not take effect.
        """
        yield self.adjusted(site, workload)


def queues_in_broker(knob: str, contender: Contender) -> str:
    """Say that a knob of the database is none of a queue in a broker; nothing for other queues."""
    if contender.databases:
        return ""
    return f"{contender.name} queues in a broker, and {knob} is a setting of the database."


def with_option(django_database: Mapping[str, Any], name: str, value: str) -> dict[str, Any]:
    """Return an entry of Django's DATABASES with one of its options changed."""
    options = {**django_database.get("OPTIONS", {}), name: value}
    return {**django_database, "OPTIONS": options}
