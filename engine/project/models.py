"""What the tasks of the shop write: their effects, as an application would have them."""

from __future__ import annotations

from django.db import models


class Invoice(models.Model):
    """An invoice that a task wrote. Two for one order are two effects of one task."""

    order = models.CharField(max_length=64, db_index=True)
    written_by = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"invoice of order {self.order}"


class Mail(models.Model):
    """A mail that a task sent."""

    order = models.CharField(max_length=64, db_index=True)
    sent_by = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"mail about order {self.order}"
