"""Tasks that may be killed and delivered again."""

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F

from background_task import background
from shop import gateway
from shop.models import Invoice, Order, Product


@background
def write_invoice(order_id: int) -> None:
    """Write the invoice, by the order that it belongs to."""
    with transaction.atomic():
        # The lock keeps others from looking for the invoice too; a unique key would do as well.
        order = Order.objects.select_for_update().get(pk=order_id)
        Invoice.objects.get_or_create(order=order, defaults={"total": order.total})


@background
def charge(order_id: int) -> None:
    """Charge under a key made of the order, and mark the order after that."""
    order = Order.objects.get(pk=order_id)
    if not order.is_paid:
        gateway.charge("4242", order.total, idempotency_key=f"order-{order_id}")
        Order.objects.filter(pk=order_id).update(is_paid=True)


@background
def ship(order_id: int) -> None:
    """Take it from the stock and mark the order in one transaction."""
    with transaction.atomic():
        if Order.objects.filter(pk=order_id, is_shipped=False).update(is_shipped=True):
            order = Order.objects.get(pk=order_id)
            Product.objects.filter(pk=order.product_id).update(stock=F("stock") - 1)


@background
def thank(order_id: int) -> None:
    """Send a mail, then mark the order: a kill in between sends it twice, and nothing else does."""
    if not Order.objects.filter(pk=order_id, is_thanked=True).exists():
        send_mail("Thank you", f"Order {order_id}", "shop@example.com", ["you@example.com"])
        Order.objects.filter(pk=order_id).update(is_thanked=True)
