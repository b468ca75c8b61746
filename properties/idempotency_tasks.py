"""A right task and a wrong one, which several tests of the idempotency suite deliver."""

from __future__ import annotations

from django.contrib.auth.models import Group

from engine.project.models import Invoice


def create(name: str) -> None:
    """Make a group."""
    Group.objects.get_or_create(name=name)


def insert(name: str) -> None:
    """Make a row, once more each time."""
    Invoice.objects.create(order=name, written_by=1)
