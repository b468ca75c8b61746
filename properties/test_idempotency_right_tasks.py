"""Tasks that follow a recipe of docs/idempotency.md, or are right for a reason of their own."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import strategies as st

from background_task import background
from engine.project.models import Invoice, Mail
from engine.project.tasks import place_order
from properties import NotIdempotentError, assert_idempotent, effect_point

pytestmark = [
    pytest.mark.django_db,
    # Django 6.1 wants a setting that Django 5.2 does not have.
    pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer"),
]

NAME = "order 7"


def charge(order: str, *, idempotency_key: str | None = None) -> None:
    """Take the money: a service that knows a key again."""


def is_marked(name: str) -> bool:
    """Whether the mark of an order is there."""
    return Group.objects.filter(name=name).exists()


def create_by_key(name: str) -> None:
    """Recipe 1: a row by its key, with what hangs on it."""
    group, _ = Group.objects.get_or_create(name=name)
    user, _ = User.objects.get_or_create(username=name)
    user.groups.add(group)


def change_and_mark_in_one_transaction(name: str) -> None:
    """Recipe 2: the change and the mark that it was made."""
    with transaction.atomic():
        _, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            Invoice.objects.filter(order="counter").update(written_by=F("written_by") + 1)


def write_in_one_transaction(name: str) -> None:
    """Recipe 3: all or nothing."""
    with transaction.atomic():
        if not is_marked(name):
            Invoice.objects.bulk_create(Invoice(order=name, written_by=n) for n in range(3))
            Group.objects.create(name=name)


def charge_under_a_key_then_mark(name: str) -> None:
    """Recipes 4 and 5: the effect under a key, and the mark after it."""
    if not is_marked(name):
        charge(name, idempotency_key=f"charge-{name}")
        Group.objects.get_or_create(name=name)


def leave_a_row_for_the_next_task(name: str) -> None:
    """Recipe 6: what is to follow is a row of the same transaction."""
    with transaction.atomic():
        _, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            Mail.objects.create(order=name, sent_by=1)


def find_it_done(name: str) -> None:
    """Recipe 7: the unique index decides, and the loser is content."""
    with contextlib.suppress(IntegrityError):
        Group.objects.create(name=name)
    User.objects.update_or_create(username=name, defaults={"last_login": timezone.now()})


def delete_and_make_anew(name: str) -> None:
    """The rows have other ids each time, and are the same otherwise."""
    with transaction.atomic():
        Invoice.objects.filter(order=name).delete()
        for number in range(3):
            Invoice.objects.create(order=name, written_by=number)


def set_a_value(name: str) -> None:
    """It writes what does not depend on what is there."""
    Invoice.objects.filter(order="counter").update(written_by=7)


RIGHT = [
    create_by_key,
    change_and_mark_in_one_transaction,
    write_in_one_transaction,
    charge_under_a_key_then_mark,
    leave_a_row_for_the_next_task,
    find_it_done,
    delete_and_make_anew,
    set_a_value,
]


@pytest.mark.parametrize("task", RIGHT, ids=lambda task: task.__name__)
def test_a_right_task_passes(task: Any) -> None:
    """No plan breaks it, and the database is as before."""
    Invoice.objects.create(order="counter", written_by=0)

    assert_idempotent(task, NAME, effects=[charge])

    assert list(Invoice.objects.values_list("order", "written_by")) == [("counter", 0)]
    assert not Group.objects.exists()
    assert mail.outbox == []


@pytest.mark.parametrize("task", RIGHT, ids=lambda task: task.__name__)
@pytest.mark.django_db(transaction=True)
def test_a_right_task_passes_where_commits_are_real(task: Any) -> None:
    """A test that holds no transaction of its own gets its rows back just so."""
    Invoice.objects.create(order="counter", written_by=0)

    assert_idempotent(task, st.text("ab", max_size=3), effects=[charge])

    assert list(Invoice.objects.values_list("order", "written_by")) == [("counter", 0)]
    assert not Group.objects.exists()


@background(atomic=True, name="properties.count_atomically")
def count_atomically(name: str) -> None:
    """Count up; the queue commits this and the end of the task as one."""
    Invoice.objects.filter(order="counter").update(written_by=F("written_by") + 1)


def test_the_body_of_an_atomic_task_is_not_delivered_again_once_it_is_committed() -> None:
    """What is wrong by itself is right under atomic=True, whose promise that is."""
    Invoice.objects.create(order="counter", written_by=0)
    with pytest.raises(NotIdempotentError):
        assert_idempotent(count_atomically.task_function, NAME)

    assert_idempotent(count_atomically, NAME)


def test_an_atomic_task_that_charges_is_caught_nevertheless() -> None:
    """What is outside the database is not undone with it."""

    @background(atomic=True, name="properties.charge_atomically")
    def charge_atomically(name: str) -> None:
        effect_point("charged the card")
        Invoice.objects.create(order=name, written_by=1)

    with pytest.raises(NotIdempotentError, match="killed after charged the card"):
        assert_idempotent(charge_atomically, NAME)


def mail_then_mark(name: str) -> None:
    """Send a mail unless the mark is there."""
    if not is_marked(name):
        mail.send_mail("Thank you", "", "shop@example.com", ["you@example.com"])
        Group.objects.get_or_create(name=name)


def mail_always(name: str) -> None:
    """Send a mail."""
    mail.send_mail("Thank you", "", "shop@example.com", ["you@example.com"])


def test_a_mail_may_be_repeated_for_a_death_and_for_nothing_else() -> None:
    """may_repeat accepts what no recipe can prevent, and not a task that does not even try."""
    assert_idempotent(mail_then_mark, NAME, may_repeat=["mail"])

    with pytest.raises(NotIdempotentError, match="delivered twice"):
        assert_idempotent(mail_always, NAME, may_repeat=["mail"])


def test_a_random_column_may_be_left_out() -> None:
    """The rest of the row is compared all the same."""

    def reference(name: str, amount: int) -> None:
        Mail.objects.get_or_create(sent_by=amount, defaults={"order": uuid.uuid4().hex})

    assert_idempotent(reference, NAME, amount=st.integers(1, 9), ignore=["shop.Mail.order"])


def test_a_task_that_refuses_to_do_it_twice_may_say_so() -> None:
    """may_raise names what a delivery raises that finds the work done."""

    def create(name: str) -> None:
        Group.objects.create(name=name)

    assert_idempotent(create, NAME, may_raise=(IntegrityError,))


def test_a_task_of_the_project_passes() -> None:
    """What it enqueues is a row of the queue, which its unique index keeps to one."""
    assert_idempotent(place_order, NAME, allow_no_effect=True)
