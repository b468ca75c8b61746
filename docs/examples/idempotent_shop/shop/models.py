"""What the shop keeps."""

from django.db import models


class Product(models.Model):
    """What it sells."""

    name = models.CharField(max_length=64, unique=True)
    stock = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """What somebody bought."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    total = models.PositiveIntegerField()
    is_paid = models.BooleanField(default=False)
    is_shipped = models.BooleanField(default=False)
    is_thanked = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"order {self.pk}"


class Invoice(models.Model):
    """What is sent with it: one for an order, and no unique key that says so."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    total = models.PositiveIntegerField()
    written_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"invoice of {self.order}"
