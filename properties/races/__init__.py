"""Races: what a few sessions do to one queue at the same time, and who says what went wrong."""

from __future__ import annotations

from typing import Final

from properties.races import claiming, enqueueing, twice
from properties.races.race import Anomaly, Ground, Race, play, reproduction

RACES: Final = {race.name: race for race in (*claiming.RACES, *enqueueing.RACES, *twice.RACES)}

__all__ = ["RACES", "Anomaly", "Ground", "Race", "play", "reproduction"]
