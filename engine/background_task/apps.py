"""The Django app."""

from django.apps import AppConfig


class BackgroundTaskConfig(AppConfig):
    """Registers the models, the system checks and the command ``process_tasks``."""

    name = "background_task"
    verbose_name = "Background tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and the task of Celery or Huey if one of them is chosen."""
        from background_task import checks, dispatch  # importing the first registers them

        checks.register_those_of_tasks()
        dispatch.register()


def __getattr__(name: str) -> object:
    """Answer to the class's name in django-background-tasks 1.2.8.

    A second class or a plain alias would make Django find two in this module, and take neither.
    """
    if name == "BackgroundTasksAppConfig":
        return BackgroundTaskConfig
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
