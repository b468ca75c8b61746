"""Tasks that differ between the releases of the shop: what a deploy does to tasks that wait.

``KILLPROOF_RELEASE`` names the release of a process, 1 if it is unset. In release 2 one task has
another name, one is gone, and one takes another argument. Producers stay with release 1.
"""

from __future__ import annotations

import os

from background_task import background
from engine.project.models import Mail
from engine.project.tasks import effect, observed

RELEASE = os.environ.get("KILLPROOF_RELEASE", "1")


def _deliver(order: str) -> None:
    with observed(order):
        Mail.objects.create(order=order, sent_by=os.getpid())
        effect(order)


if RELEASE == "1":

    @background(schedule=0)
    def ship_parcel(order: str) -> None:
        """Is called send_parcel in release 2."""
        _deliver(order)

    @background(schedule=0)
    def wrap_gift(order: str) -> None:
        """Is gone in release 2."""
        _deliver(order)

    @background(schedule=0)
    def print_label(order: str) -> None:
        """Wants a size in release 2."""
        _deliver(order)

else:

    @background(schedule=0)
    def send_parcel(order: str) -> None:
        """Was called ship_parcel in release 1."""
        _deliver(order)

    @background(schedule=0)
    def print_label(order: str, size: str) -> None:
        """Had no size in release 1, so that a call of then fails now."""
        del size
        _deliver(order)
