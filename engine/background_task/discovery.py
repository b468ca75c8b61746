"""Find the tasks of the installed apps: import the module ``tasks`` of each, loudly."""

from django.utils.module_loading import autodiscover_modules


def import_tasks() -> None:
    """Import ``tasks`` of every installed app that has one.

    An app without the module is passed over; an error inside the module is raised.
    """
    autodiscover_modules("tasks")
