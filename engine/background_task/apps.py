"""The Django app."""

from django.apps import AppConfig


class BackgroundTaskConfig(AppConfig):
    """Registers the models, the system checks and the command ``process_tasks``."""

    name = "background_task"
    verbose_name = "Background tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from background_task import checks  # noqa: F401 - importing registers them
