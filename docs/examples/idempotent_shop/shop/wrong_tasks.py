"""The same tasks as people write them at first. Each is right as long as nothing dies."""

from django.db import transaction
from django.db.models import F

from background_task import background
from shop import gateway
from shop.models import Invoice, Order, Product


@background
def write_invoice(order_id: int) -> None:
    """Write the invoice; once more for each delivery."""
    order = Order.objects.get(pk=order_id)
    Invoice.objects.create(order=order, total=order.total)


@background
def charge(order_id: int) -> None:
    """Charge unless it is paid; killed between the two it charges twice."""
    order = Order.objects.get(pk=order_id)
    if not order.is_paid:
        gateway.charge("4242", order.total)
        order.is_paid = True
        order.save()


@background
def ship(order_id: int) -> None:
    """Mark the order, then take it from the stock; killed in between it stays in the stock."""
    if Order.objects.filter(pk=order_id, is_shipped=False).update(is_shipped=True):
        order = Order.objects.get(pk=order_id)
        Product.objects.filter(pk=order.product_id).update(stock=F("stock") - 1)


@background
def invoice_after_commit(order_id: int) -> None:
    """Leave the invoice to on_commit, which a kill after the commit loses."""
    with transaction.atomic():
        if Order.objects.filter(pk=order_id, is_paid=False).update(is_paid=True):
            transaction.on_commit(lambda: write(order_id))


def write(order_id: int) -> None:
    """Write the invoice, unless it is there."""
    order = Order.objects.get(pk=order_id)
    Invoice.objects.get_or_create(order=order, defaults={"total": order.total})
