"""Finds what is stored below a folder, and decides which load runs the report rests on.

Nothing goes missing: a run that the report does not use is listed with the reason.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MANIFEST: Final = "manifest.json"
LOAD: Final = "load"
TRIAL_RUN: Final = "smoke"
"""The profile that shows that the parts work, and measures little."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A stored run.

    Attributes:
        manifest: as JSON has it, unchecked.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def is_load(self) -> bool:
        """Whether it is a load run; else it is a chaos run."""
        return self.manifest.get("kind") == LOAD

    @property
    def subject(self) -> tuple[str, ...]:
        """What tells runs apart that stand beside each other in a report."""
        environment = self.manifest.get("environment")
        known = environment if isinstance(environment, dict) else {}
        return (
            str(self.manifest.get("profile")),
            str(known.get("cpu_model")),
            str(known.get("cpus")),
            *_names(self.manifest.get("contenders")),
            *_names(self.manifest.get("databases")),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Load runs that the report rests on, and those that it does not, with the reason."""

    used: tuple[Found, ...]
    left_out: tuple[tuple[Found, str], ...]


def find_runs(root: Path) -> Iterator[Found]:
    """Yield every stored run below a folder, oldest first."""
    found = [Found(folder=path.parent, manifest=_read(path)) for path in root.rglob(MANIFEST)]
    yield from sorted(found, key=lambda run: str(run.manifest.get("started_at", "")))


def choose(runs: Iterable[Found]) -> Choice:
    """Take the newest load run of each kind; complete ones before those that were cut off."""
    groups: dict[tuple[str, ...], list[Found]] = {}
    for run in runs:
        groups.setdefault(run.subject, []).append(run)
    best = {subject: max(group, key=_worth) for subject, group in groups.items()}
    real = {s: run for s, run in best.items() if run.manifest.get("profile") != TRIAL_RUN}
    used = tuple((real or best).values())
    return Choice(
        used=used,
        left_out=tuple(
            (run, _reason(run, best[subject]))
            for subject, group in groups.items()
            for run in group
            if run not in used
        ),
    )


def _names(listed: object) -> list[str]:
    items = listed if isinstance(listed, list) else []
    return sorted(str(each.get("name")) for each in items if isinstance(each, dict))


def _worth(run: Found) -> tuple[bool, str]:
    is_complete = run.manifest.get("status") == "complete"
    return is_complete, str(run.manifest.get("started_at", ""))


def _reason(run: Found, best: Found) -> str:
    if run is best:
        return f"the profile {TRIAL_RUN} shows that the parts work, and measures little"
    return f"{best.folder.name} is newer, or complete where this one is not"


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
