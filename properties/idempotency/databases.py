"""Which databases a trial holds: those that the test may use."""

from __future__ import annotations

import contextlib

from django.apps import apps
from django.db import connections, router

from properties.idempotency.errors import CannotTellError


def usable_aliases() -> list[str]:
    """Return the databases that the test may use."""
    aliases = []
    for alias in connections:
        if connections[alias].settings_dict["TEST"]["MIRROR"]:
            continue
        # Django's test cases refuse with an AssertionError, pytest-django with a RuntimeError.
        with contextlib.suppress(AssertionError, RuntimeError):
            connections[alias].cursor().close()
            aliases.append(alias)
    if not aliases:
        raise CannotTellError(
            "There is no database here: use the fixture assert_idempotent, mark the test with "
            "@pytest.mark.django_db, or put it into a django.test.TestCase."
        )
    for alias in aliases:
        if not connections[alias].features.uses_savepoints:
            raise CannotTellError(f"The database {alias!r} has no savepoints, which trials need.")
    return aliases


def queue_alias() -> str:
    """Return the database of our queue, whose transaction the body of an atomic task is in."""
    return router.db_for_write(apps.get_model("background_task", "ScheduledTask"))
