"""The tasks of the shop may be delivered again, killed wherever it may be."""

from collections.abc import Callable

from hypothesis import strategies as st
from shop import tasks
from shop.models import Order, Product

AssertIdempotent = Callable[..., None]


def test_an_order_has_one_invoice(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """However often the task runs."""
    assert_idempotent(tasks.write_invoice, order.pk)


def test_a_card_is_charged_once(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """The bank knows a call again by its key."""
    assert_idempotent(tasks.charge, order.pk, effects=["shop.gateway.charge"])


def test_a_parcel_leaves_the_stock_once(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """Not twice, and not never."""
    assert_idempotent(tasks.ship, order.pk)


def test_thanks_are_given(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """A mail has no key, so a death may repeat it; nothing else may."""
    assert_idempotent(tasks.thank, order.pk, may_repeat=["mail"])


def test_any_order_ships(assert_idempotent: AssertIdempotent, order: Order) -> None:
    """The rows that the task works on are made of arguments that Hypothesis draws."""

    def given(order_id: int) -> None:
        product = Product.objects.create(name="cup", stock=order_id)
        Order.objects.create(pk=order_id, product=product, total=order_id)

    assert_idempotent(tasks.ship, st.integers(1000, 2000), given=given)
