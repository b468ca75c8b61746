"""How long a schedule takes, as it is stored: the median and the slowest tenth, per race."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How long one race takes, from empty tables to the verdict; with few preemptions."""

    database: str
    race: str
    steps: int
    plays: int
    median_ms: float
    p90_ms: float
    versions: str


def store(folder: Path, speeds: list[Speed]) -> None:
    """Write what was measured on one database."""
    folder.mkdir(parents=True, exist_ok=True)
    values = [dataclasses.asdict(speed) for speed in speeds]
    (folder / f"{speeds[0].database}.speed").write_text(json.dumps(values, indent=1) + "\n")


def load(folder: Path) -> list[Speed]:
    """Read what was measured on every database."""
    return [
        Speed(**values)
        for path in sorted(folder.glob("*.speed"))
        for values in json.loads(path.read_text())
    ]
