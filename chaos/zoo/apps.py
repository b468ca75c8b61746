"""The Django app that breaks the engine in the worker's and the producer's processes."""

from __future__ import annotations

from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created

from chaos.zoo.rewriting import Rewriter

REWRITES: Final = "ZOO_REWRITES"
"""The setting with a specimen's rewrites."""


class ZooConfig(AppConfig):
    """Installed by a specimen's settings only."""

    name = "chaos.zoo"

    def ready(self) -> None:
        """Rewrite the statements of every connection from now on."""
        connection_created.connect(_break, dispatch_uid="chaos.zoo")


def _break(connection: Any, **_: Any) -> None:
    if not any(isinstance(wrapper, Rewriter) for wrapper in connection.execute_wrappers):
        connection.execute_wrappers.append(Rewriter(getattr(settings, REWRITES)))
