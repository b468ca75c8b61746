"""A specimen as a subject of the chaos harness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.subjects import BackgroundTask

if TYPE_CHECKING:
    from chaos.zoo.specimen import Specimen


class BrokenBackgroundTask(BackgroundTask):
    """The reference engine, broken in each of its processes."""

    def __init__(self, specimen: Specimen) -> None:
        self.specimen = specimen
        # What people type after --subject: a report must not accuse the engine that is not broken.
        self.name = f"chaos.zoo:{specimen.name}"  # type: ignore[misc]

    def settings(self) -> dict[str, Any]:
        """Return the engine's settings, and the app that breaks it."""
        return {
            **super().settings(),
            "EXTRA_APPS": ["chaos.zoo"],
            "ZOO_SPECIMEN": self.specimen.name,
        }
