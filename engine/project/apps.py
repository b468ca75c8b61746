"""The Django app of the shop."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Orders and mails, whose work is done by background tasks."""

    name = "engine.project"
    label = "shop"
