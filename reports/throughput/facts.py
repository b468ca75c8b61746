"""Reads the file of facts: what is known about other products, with a source for each.

Figures of other products are spelled there and nowhere else.
"""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from pathlib import Path

_FILE = Path(__file__).with_name("facts.toml")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FailureMode:
    """What happens in one event: to a database queue, and to Celery on two brokers."""

    event: str
    database_queue: str
    redis: str
    rabbitmq: str
    sources: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FactFile:
    """All facts.

    Attributes:
        commands: by section: what to type to have its data.
        not_claimed: what a reader might read into the report, and should not.
    """

    failure_modes: tuple[FailureMode, ...]
    commands: dict[str, str]
    not_claimed: tuple[str, ...]


@functools.cache
def read_facts() -> FactFile:
    """Read the file of facts."""
    document = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return FactFile(
        failure_modes=tuple(
            FailureMode(**{**entry, "sources": tuple(entry["sources"])})
            for entry in document["failure_mode"]
        ),
        commands=document["commands"],
        not_claimed=tuple(document["not_claimed"]["sentences"]),
    )
