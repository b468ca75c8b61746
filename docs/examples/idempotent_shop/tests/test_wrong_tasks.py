"""These fail, to show what a report looks like: each task is wrong in a way of its own."""

from collections.abc import Callable

from shop import wrong_tasks
from shop.models import Order

AssertIdempotent = Callable[..., None]


def test_an_order_has_one_invoice(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """It has two when the task is delivered twice."""
    assert_idempotent(wrong_tasks.write_invoice, order.pk)


def test_a_card_is_charged_once(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """It is charged twice when the task is killed after the call."""
    assert_idempotent(wrong_tasks.charge, order.pk, effects=["shop.gateway.charge"])


def test_a_parcel_leaves_the_stock_once(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """It never does when the task is killed after the mark."""
    assert_idempotent(wrong_tasks.ship, order.pk)


def test_a_paid_order_has_an_invoice(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """It never gets one when the task is killed after the commit."""
    assert_idempotent(wrong_tasks.invoice_after_commit, order.pk)
