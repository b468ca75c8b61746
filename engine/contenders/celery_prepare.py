"""``python -m engine.contenders.celery_prepare``: make the application's tables and the queue."""

from __future__ import annotations

import django
from django.core.management import call_command

from engine.contenders.celery_app import QUEUE, app
from engine.project.lifeline import die_with_parent


def main() -> None:
    """Migrate the database and declare the queue, which is fine if they are there."""
    die_with_parent()
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    with app.connection_for_write() as connection:
        app.amqp.queues[QUEUE].bind(connection.default_channel).declare()


if __name__ == "__main__":
    main()
