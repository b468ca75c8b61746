"""What a hunt brought in, as it is stored: one JSON file each."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """One specimen, on one database, from several seeds; or a right engine that stayed clean.

    Attributes:
        wanted: the anomalies of which one must be named; empty for an engine that is right.
        named: the anomalies that were named, one a seed; empty where nothing was.
        examples: how many each seed took until the anomaly was found, or altogether.
        seconds: how long each seed took, with the search for the smallest counterexample.
        counterexample: the smallest that was found.
    """

    specimen: str
    summary: str
    provenance: str
    layer: str
    where: str
    database: str
    budget: int
    wanted: tuple[str, ...]
    named: tuple[str, ...]
    examples: tuple[int, ...]
    seconds: tuple[float, ...]
    counterexample: str = ""

    @property
    def is_right(self) -> bool:
        """Whether this is what must come out."""
        if not self.wanted:
            return not any(self.named)
        return bool(self.named) and all(name in self.wanted for name in self.named)


def store(folder: Path, catch: Catch) -> None:
    """Write a catch into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{catch.database}-{catch.specimen}.json"
    path.write_text(json.dumps(dataclasses.asdict(catch), indent=1) + "\n")


def load(folder: Path) -> list[Catch]:
    """Read all catches of a folder."""
    return [parse(path.read_text()) for path in sorted(folder.glob("*.json"))]


def parse(text: str) -> Catch:
    """Read one catch as it is stored."""
    stored: dict[str, Any] = json.loads(text)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    return Catch(**values)
