"""How a delivery dies: what was done by then stays, and nothing more is done."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import transaction

from engine.project.models import Invoice
from properties import effect_point
from properties.idempotency.plans import Plan
from properties.idempotency.trial import Call, Trial
from properties.idempotency_deliveries import WISHES, both, deliver, orders

# Django 6.1 wants a setting that Django 5.2 does not have.
pytestmark = pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer")


def two_invoices() -> None:
    """Write two invoices, each in a transaction of its own."""
    Invoice.objects.create(order="first", written_by=1)
    Invoice.objects.create(order="second", written_by=1)


def two_invoices_at_once() -> None:
    """Write two invoices in one transaction."""
    with transaction.atomic():
        two_invoices()


@both
@pytest.mark.parametrize(
    ("kill_at", "left"), [(0, []), (1, ["first"]), (2, ["first"]), (3, ["first", "second"])]
)
def test_death_in_autocommit_leaves_what_was_done(
    kind: bool, kill_at: int, left: list[str]
) -> None:
    """Each statement is there as soon as it was run."""
    assert orders(deliver(two_invoices, kill_at)) == sorted([*left, "first", "second"])


@both
@pytest.mark.parametrize(("kill_at", "left"), [(0, 0), (1, 0), (3, 0), (4, 0), (5, 1)])
def test_death_in_a_transaction_leaves_nothing(kind: bool, kill_at: int, left: int) -> None:
    """Up to the COMMIT nothing is there, and after it everything."""
    assert orders(deliver(two_invoices_at_once, kill_at)) == sorted(
        ["first", "second"] * (left + 1)
    )


def test_a_dead_delivery_does_nothing_more_whatever_it_catches(db: None) -> None:
    """Neither statements nor mails nor declared effects get through after the kill."""
    caught: list[str] = []

    def stubborn() -> None:
        try:
            Invoice.objects.create(order="first", written_by=1)
        except BaseException:  # noqa: BLE001 - as stubborn as it gets
            caught.append("first")
        for attempt in (
            lambda: Invoice.objects.create(order="second", written_by=1),
            Invoice.objects.count,
            two_invoices_at_once,
            lambda: mail.send_mail("s", "b", "a@example.com", ["b@example.com"]),
            lambda: effect_point("rang the bell"),
        ):
            try:
                attempt()
            except BaseException:  # noqa: BLE001
                caught.append("more")

    trial = Trial(stubborn, WISHES)
    with trial.opened():
        outcome = trial.run(Call(args=(), kwargs={}), Plan((0,)), everything=True)

    dead, _ = outcome.lives
    assert caught == ["first", *["more"] * 5]
    assert (dead.death[:18], dead.done) == ("before INSERT INTO", [])
    assert orders(outcome) == ["first", "first", "second", "second"]


def test_a_death_swallowed_within_a_transaction_does_not_commit_it(db: None) -> None:
    """The commit that follows is refused, as nobody is there to ask for it."""

    def swallowing() -> None:
        with transaction.atomic():
            Invoice.objects.create(order="first", written_by=1)
            try:
                Invoice.objects.create(order="second", written_by=1)
            except BaseException:  # noqa: BLE001
                return

    assert orders(deliver(swallowing, 2)) == ["first", "second"]
