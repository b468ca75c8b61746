"""An order to work on, and a bank that is not called."""

import pytest
from shop.models import Order, Product


@pytest.fixture
def order(db: None) -> Order:
    """Return an order, for which there is something in the stock."""
    product = Product.objects.create(name="teapot", stock=5)
    return Order.objects.create(product=product, total=30)


@pytest.fixture(autouse=True)
def no_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay a fake that does nothing in the place of the bank."""
    monkeypatch.setattr("shop.gateway.charge", lambda *_, **__: None)
