"""What is tried: every kill point, drawn arguments, and each time what ``given`` begins with."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from engine.project.models import Invoice
from properties import NotIdempotentError, assert_idempotent
from properties.idempotency_tasks import create, insert

# Django 6.1 wants a setting that Django 5.2 does not have.
pytestmark = pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer")


def test_arguments_are_drawn_and_made_small(db: None) -> None:
    """The smallest arguments are told beside the smallest plan."""

    def picky(amount: int, *, kind: str) -> None:
        if amount == 0:
            create(kind)
            return
        for number in (1, 2):
            if not Invoice.objects.filter(order=kind, written_by=number).exists():
                Invoice.objects.create(order=kind, written_by=number)
            elif amount >= 5:
                return

    with pytest.raises(NotIdempotentError) as caught:
        assert_idempotent(picky, st.integers(0, 99), kind=st.text("ab"), max_examples=200)

    assert "Called as: picky(5, kind='')" in str(caught.value)


def test_every_kill_point_is_tried_however_few_plans_are_drawn(db: None) -> None:
    """Each single redelivery is tried in its order; chance has no part in it."""

    def pay(name: str) -> None:
        if Invoice.objects.filter(order=name).exists():
            return
        for number in range(4):
            create(f"{name} {number}")
        insert(name)
        create("paid")

    with pytest.raises(NotIdempotentError, match=r"killed after INSERT INTO .shop_invoice"):
        assert_idempotent(pay, "x", max_examples=1)


def test_each_delivery_gets_arguments_of_its_own(db: None) -> None:
    """A task that changes its arguments does so to a copy, as they come from a row."""

    def greedy(names: list[str]) -> None:
        while names:
            create(names.pop())

    names = ["a", "b"]
    assert_idempotent(greedy, names)
    assert names == ["a", "b"]


def test_given_makes_the_start_before_each_run(db: None) -> None:
    """It gets the arguments if it takes them, and its rows are gone afterwards."""
    seen: list[str] = []

    def order(name: str) -> None:
        seen.append(name)
        Invoice.objects.create(order=name, written_by=0)

    def pay(name: str) -> None:
        Invoice.objects.filter(order=name).update(written_by=1)

    assert_idempotent(pay, st.sampled_from("ab"), given=order)
    assert set(seen) == {"a", "b"}
    assert_idempotent(pay, "c", given=lambda: order("c"))
    assert not Invoice.objects.exists()
