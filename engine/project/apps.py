"""The Django app of the shop."""

from django.apps import AppConfig

from engine.project import clock, meter, orders


class ProjectConfig(AppConfig):
    """Orders and mails, whose work is done by background tasks."""

    name = "engine.project"
    label = "shop"

    def ready(self) -> None:
        """Meter the connections and obey orders and clocks, if the environment asks for it."""
        meter.install()
        orders.install()
        clock.install()
