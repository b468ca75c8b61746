"""A task's transactions are those of a worker, and all of them are taken back after the trial."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import IntegrityError, connection, connections, transaction
from django.test import TestCase

from engine.project.models import Invoice
from properties import CannotTellError, NotIdempotentError, assert_idempotent
from properties.idempotency_deliveries import both, deliver, orders
from properties.idempotency_tasks import insert

# Django 6.1 wants a setting that Django 5.2 does not have.
pytestmark = pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer")


@both
def test_a_body_runs_as_in_a_worker(kind: bool) -> None:
    """Autocommit: on_commit runs, durable is fine, a lock outside a transaction is refused."""
    seen: list[Any] = []

    def curious() -> None:
        seen.append((connection.in_atomic_block, connection.get_autocommit()))
        with transaction.atomic(durable=True):
            transaction.on_commit(lambda: seen.append("committed"))
            Invoice.objects.create(order="first", written_by=1)
        with pytest.raises(Exception, match=r"(?i)already exists|unique|duplicate"):
            Group.objects.bulk_create([Group(name="one"), Group(name="one")])
        connection.close()
        Invoice.objects.create(order="second", written_by=1)
        if connection.features.has_select_for_update:
            with pytest.raises(transaction.TransactionManagementError):
                Invoice.objects.select_for_update().first()

    outcome = deliver(curious)
    assert seen == [(False, True), "committed"]
    assert outcome.lives[0].error is None
    assert orders(outcome) == ["first", "second"]
    assert not Invoice.objects.exists()


def test_transactions_by_hand_are_transactions_too(db: None) -> None:
    """Without autocommit each commit begins the next transaction, and switching it on is one."""

    def by_hand() -> None:
        transaction.set_autocommit(False)
        Invoice.objects.create(order="first", written_by=1)
        transaction.rollback()
        Invoice.objects.create(order="second", written_by=1)
        transaction.commit()
        Invoice.objects.create(order="third", written_by=1)
        transaction.set_autocommit(True)

    outcome = deliver(by_hand)
    assert orders(outcome) == ["second", "third"]
    assert [effect for effect in outcome.lives[0].effects if effect == "COMMIT"] == ["COMMIT"] * 2
    # Point 4 is before the first COMMIT; its delivery leaves nothing.
    assert orders(deliver(by_hand, 4)) == ["second", "third"]
    assert orders(deliver(by_hand, 5)) == ["second", "second", "third"]


@both
def test_a_commit_that_the_database_refuses_leaves_nothing(kind: bool) -> None:
    """The task hears of it where it would, and may go on."""

    def careful() -> None:
        with contextlib.suppress(IntegrityError), transaction.atomic():
            Invoice.objects.create(order="first", written_by=1)
            User.groups.through.objects.create(user_id=123456, group_id=654321)
        Invoice.objects.create(order="second", written_by=1)

    outcome = deliver(careful)
    assert outcome.lives[0].error is None
    assert orders(outcome) == ["second"]


@both
def test_a_row_that_hangs_in_the_air_is_an_error_as_at_a_commit(kind: bool) -> None:
    """Databases that ask about foreign keys at the commit are made to ask."""

    def dangling() -> None:
        with transaction.atomic():
            User.groups.through.objects.create(user_id=123456, group_id=654321)

    with pytest.raises(CannotTellError, match="raises IntegrityError when it is delivered"):
        assert_idempotent(dangling)


class InATestCase(TestCase):
    """Django's own test case, without pytest's fixtures."""

    def test_the_function_serves_unittest_too(self) -> None:
        """The commits of the task do not end the transaction of the test."""
        Group.objects.create(name="before")

        assert_idempotent(lambda name: Group.objects.get_or_create(name=name) and None, "x")

        assert [group.name for group in Group.objects.all()] == ["before"]
        assert connection.in_atomic_block


def test_what_was_caught_is_caught_again_without_a_memory(db: None) -> None:
    """Nothing of a trial is left in the connection or in the outbox."""
    mail.send_mail("before", "", "a@example.com", ["b@example.com"])
    before = dict(vars(connections["default"]))
    for _ in range(2):
        with pytest.raises(NotIdempotentError):
            assert_idempotent(insert, "x")
        after = dict(vars(connections["default"]))
        assert after.keys() == before.keys()
        assert {name for name in after if after[name] != before[name]} <= {"savepoint_state"}
        assert [message.subject for message in mail.outbox] == ["before"]
