"""Tasks that are wrong in a way of their own, each caught with the smallest plan that shows it.

Each docstring says why the task looks fine.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import transaction
from django.db.models import F

from engine.project.models import Invoice, Mail
from properties import CannotTellError, NotIdempotentError, assert_idempotent, effect_point

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.django_db,
    # Django 6.1 wants a setting that Django 5.2 does not have.
    pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer"),
]

NAME = "order 7"


class Gateway:
    """Stands for a service that charges cards, and knows nothing of keys."""

    def charge(self, order: str, *, idempotency_key: str | None = None) -> None:
        """Take the money."""


gateway = Gateway()


def is_marked(name: str) -> bool:
    """Whether the mark of an order is there: a group, as groups have unique names."""
    return Group.objects.filter(name=name).exists()


def mark(name: str) -> None:
    """Mark an order as dealt with."""
    Group.objects.get_or_create(name=name)


def insert_without_key(name: str) -> None:
    """It inserts, once for each time that it is called."""
    Invoice.objects.create(order=name, written_by=1)


def count_up(name: str) -> None:
    """One atomic UPDATE, which no other process can spoil."""
    Invoice.objects.filter(order="counter").update(written_by=F("written_by") + 1)


def read_then_write(name: str) -> None:
    """It reads and writes within one transaction, under a lock."""
    with transaction.atomic():
        row = Invoice.objects.select_for_update().get(order="counter")
        row.written_by += 1
        row.save()


def insert_with_unique_key(name: str) -> None:
    """The unique index lets nobody insert twice."""
    Group.objects.create(name=name)


def mail_then_mark(name: str) -> None:
    """It asks for the mark first."""
    if not is_marked(name):
        mail.send_mail("Thank you", "", "shop@example.com", ["you@example.com"])
        mark(name)


def charge_then_mark(name: str) -> None:
    """It asks for the mark first, here too."""
    if not is_marked(name):
        gateway.charge(name)
        mark(name)


def mark_then_charge(name: str) -> None:
    """Nobody is charged twice."""
    _, is_new = Group.objects.get_or_create(name=name)
    if is_new:
        gateway.charge(name)


def lines_of_a_new_order(name: str) -> None:
    """It uses get_or_create, as everybody says."""
    _, is_new = Group.objects.get_or_create(name=name)
    if is_new:
        Invoice.objects.create(order=name, written_by=1)


def leave_it_to_on_commit(name: str) -> None:
    """The row and its mark are one transaction, and the mail goes out after it only."""
    with transaction.atomic():
        _, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            transaction.on_commit(lambda: Mail.objects.create(order=name, sent_by=1) and None)


def undo_in_except(name: str) -> None:
    """Whatever goes wrong, it takes its row back."""
    if not Invoice.objects.filter(order=name).exists():
        invoice = Invoice.objects.create(order=name, written_by=1)
        try:
            gateway.charge(name, idempotency_key=name)
        except BaseException:
            invoice.delete()
            raise


def flag_in_another_transaction(name: str) -> None:
    """Each of the two transactions is sound, and the flag guards the change."""
    if not is_marked(name):
        with transaction.atomic():
            row = Invoice.objects.select_for_update().get(order="counter")
            row.written_by += 1
            row.save()
        with transaction.atomic():
            mark(name)


def swallow_everything(name: str) -> None:
    """Nothing that the mark does can hurt the rest."""
    if is_marked(name):
        return
    Invoice.objects.create(order=name, written_by=1)
    with contextlib.suppress(BaseException):
        mark(name)


def declared_in_the_fake(name: str) -> None:
    """What it does is seen only by whom it calls."""
    effect_point("rang the bell")


def clear_then_refill(name: str) -> None:
    """It starts from scratch if anything is missing, and asks about one row only."""
    if not Invoice.objects.filter(order=name, written_by=1).exists():
        Invoice.objects.create(order=name, written_by=1)
        Invoice.objects.create(order=name, written_by=2)


def give_up_after_two_attempts(name: str) -> None:
    """It counts its attempts, so that a poisonous order does not kill workers for ever."""
    counter = Invoice.objects.get(order="counter")
    if counter.written_by >= 2 or is_marked(name):
        return
    Invoice.objects.filter(order="counter").update(written_by=F("written_by") + 1)
    mark(name)


WHOLE = "delivery 1: whole", "delivery 2: whole"
CHARGE = "the call of Gateway.charge"

CASES: dict[Callable[..., None], tuple[tuple[str, ...], str]] = {
    insert_without_key: (WHOLE, "Recipe 1"),
    count_up: (WHOLE, "Recipe 2"),
    read_then_write: (WHOLE, "Recipe 2"),
    insert_with_unique_key: (
        ("delivery 1: whole", "delivery 2: whole, raised IntegrityError"),
        "Recipe 7",
    ),
    mail_then_mark: (
        ("delivery 1: killed after the mail 'Thank you' to you@example.com", "delivery 2: whole"),
        'may_repeat=["mail"]',
    ),
    charge_then_mark: ((f"delivery 1: killed after {CHARGE}", "delivery 2: whole"), "Recipe 4"),
    mark_then_charge: (("delivery 1: killed after COMMIT", "delivery 2: whole"), "Recipe 5"),
    lines_of_a_new_order: (("delivery 1: killed after COMMIT", "delivery 2: whole"), "Recipe 3"),
    leave_it_to_on_commit: (("delivery 1: killed after COMMIT", "delivery 2: whole"), "Recipe 6"),
    undo_in_except: (
        ("delivery 1: killed after INSERT INTO", "delivery 2: whole"),
        "Recipe 5",
    ),
    flag_in_another_transaction: (
        ("delivery 1: killed after COMMIT", "delivery 2: whole"),
        "Recipe 3",
    ),
    swallow_everything: (
        ("delivery 1: killed after INSERT INTO", "delivery 2: whole"),
        "Recipe 3",
    ),
    declared_in_the_fake: (WHOLE, "Recipe 4"),
    clear_then_refill: (
        ("delivery 1: killed after INSERT INTO", "delivery 2: whole"),
        "Recipe 3",
    ),
}


@pytest.mark.parametrize("task", CASES, ids=lambda task: task.__name__)
def test_a_wrong_task_is_caught_with_the_smallest_plan(task: Callable[..., None]) -> None:
    """The report holds the plan, nothing longer, and the recipe that mends the task."""
    plan, recipe = CASES[task]
    Invoice.objects.create(order="counter", written_by=0)

    with pytest.raises(NotIdempotentError) as caught:
        assert_idempotent(task, NAME, effects=[Gateway.charge])

    report = str(caught.value)
    told = [line.strip() for line in report.splitlines() if line.startswith("  delivery ")]
    assert len(told) == len(plan), report
    assert all(line.startswith(words) for line, words in zip(told, plan, strict=True)), report
    assert recipe in report
    assert report.startswith(f"{task.__name__} is not idempotent: ")
    assert f"Called as: {task.__name__}('order 7')" in report


def test_a_plan_that_needs_two_deaths_is_drawn_and_made_small() -> None:
    """No single redelivery shows it; Hypothesis finds the plan, and takes off what is too much."""
    Invoice.objects.create(order="counter", written_by=0)

    with pytest.raises(NotIdempotentError) as caught:
        assert_idempotent(
            give_up_after_two_attempts, NAME, ignore=["shop.Invoice"], max_examples=200
        )

    report = str(caught.value)
    assert report.count("  delivery ") == 3, report
    assert report.count("killed ") >= 2, report
    assert "  delivery 3: whole" in report


REPORT = """\
log_in is not idempotent: delivered twice, it leaves another state than one delivery does.

Called as: log_in('ann', amount=3)

Plan:
  delivery 1: whole
  delivery 2: whole

What differs:
                after one delivery  after this plan
  shop.Invoice  -                   order='ann' written_by=3

Recipe 1, a key for the row: give the row a unique key made of the arguments, and use
  get_or_create or update_or_create by that key.
  See docs/idempotency.md."""


def test_the_report_is_a_text_that_can_be_acted_upon() -> None:
    """All of it, word by word."""
    User.objects.create(username="ann")

    def log_in(username: str, amount: int) -> None:
        User.objects.filter(username=username).update(first_name=F("username"))
        Invoice.objects.create(order=username, written_by=amount)

    with pytest.raises(NotIdempotentError) as caught:
        assert_idempotent(log_in, "ann", amount=3)

    assert str(caught.value) == REPORT


def test_a_row_that_changed_is_told_by_its_columns() -> None:
    """An old row is named by its id, and only what differs is shown."""
    counter = Invoice.objects.create(order="counter", written_by=0)

    with pytest.raises(NotIdempotentError) as caught:
        assert_idempotent(count_up, NAME)

    line = next(line for line in str(caught.value).splitlines() if "written_by" in line)
    assert line.split() == ["shop.Invoice", f"{counter.pk}.written_by", "1", "2"]


def random_reference(name: str) -> None:
    """Leave a random value."""
    Invoice.objects.update_or_create(order=uuid.uuid4().hex, defaults={"written_by": 1})


def fresh_key(name: str) -> None:
    """Charge under a key that is new each time."""
    if not is_marked(name):
        gateway.charge(name, idempotency_key=uuid.uuid4().hex)
        mark(name)


@pytest.mark.parametrize(
    ("task", "column"), [(random_reference, "shop.Invoice.order"), (fresh_key, "effect.call")]
)
def test_a_task_that_depends_on_chance_is_named_as_such(task: Any, column: str) -> None:
    """One sentence names the columns that differ between two single deliveries."""
    with pytest.raises(CannotTellError) as caught:
        assert_idempotent(task, NAME, effects=[f"{__name__}.gateway.charge"])

    sentence = str(caught.value)
    assert f"two single deliveries from the same start differ in {column};" in sentence
    assert "\n" not in sentence
