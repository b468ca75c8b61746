"""A specimen: an engine that is broken, as what it must be caught, and where."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

from chaos.zoo.engine import ChangedEngine

Layer: TypeAlias = Literal["model", "interleaving", "crash-point", "chaos"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Specimen(ChangedEngine):
    """One broken engine: ours with one small change.

    Attributes:
        anomalies: the names of which one must be named.
        layer: which of the harness's layers must find it.
        where: the race, the operation of the crash points, or the scenario of chaos.
        budget: how many examples of the model or schedules of the race its layer may take, how many
            passes over all crash points of the operation, or how many runs of the scenario.
        covered_by: the safeguard that covers it elsewhere, if it is not broken on all databases.
    """

    anomalies: frozenset[str]
    layer: Layer
    where: str = ""
    budget: int
    covered_by: str = ""
