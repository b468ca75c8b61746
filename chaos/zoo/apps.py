"""The Django app that breaks the engine in the worker's and the producer's processes."""

from __future__ import annotations

import contextlib
from typing import Final

from django.apps import AppConfig
from django.conf import settings

SPECIMEN: Final = "ZOO_SPECIMEN"
"""The setting with a specimen's name."""


class ZooConfig(AppConfig):
    """Installed by a specimen's settings only."""

    name = "chaos.zoo"
    for_good = contextlib.ExitStack()

    def ready(self) -> None:
        """Break the engine in this process and in those that it forks, for as long as they live."""
        from chaos.zoo import SPECIMENS

        (specimen,) = (one for one in SPECIMENS if one.name == getattr(settings, SPECIMEN))
        self.for_good.enter_context(specimen.applied())
