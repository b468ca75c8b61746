"""What the bakery sells."""

from django.db import models


class Loaf(models.Model):
    """One loaf of bread."""

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=16)
    flour = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name
