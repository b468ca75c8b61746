"""How a delivery dies, how everything is put back, and what is refused in one sentence."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import celery
import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import IntegrityError, connection, connections, transaction
from django.test import TestCase
from hypothesis import strategies as st

from background_task import background
from background_task.compat import task as django_task
from engine.project.models import Invoice
from properties import CannotTellError, NotIdempotentError, assert_idempotent, effect_point
from properties.idempotency.plans import Plan
from properties.idempotency.statements import cannot_be_undone, is_effect
from properties.idempotency.trial import Call, Outcome, Trial, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

# Django 6.1 wants a setting that Django 5.2 does not have.
pytestmark = pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer")

WISHES = Wishes(given=None, observe=None, ignore=(), may_repeat=(), may_raise=())


def deliver(task: Any, *kills: int | None) -> Outcome:
    """Deliver a task by a plan, and return what became of it."""
    trial = Trial(task, WISHES)
    with trial.opened():
        return trial.run(Call(args=(), kwargs={}), Plan(kills), everything=True)


def orders(outcome: Outcome) -> list[str]:
    """Return the orders of the invoices that were written, sorted."""
    facts = [fact for fact in outcome.state.facts if fact.table == "shop.Invoice"]
    return sorted(fact.columns["order"].strip("'") for fact in facts)


def two_invoices() -> None:
    """Write two invoices, each in a transaction of its own."""
    Invoice.objects.create(order="first", written_by=1)
    Invoice.objects.create(order="second", written_by=1)


def two_invoices_at_once() -> None:
    """Write two invoices in one transaction."""
    with transaction.atomic():
        two_invoices()


# A test's own transaction around it must make no difference.
both = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(False, marks=pytest.mark.django_db, id="in a transaction"),
        pytest.param(True, marks=pytest.mark.django_db(transaction=True), id="in none"),
    ],
)


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


def create(name: str) -> None:
    """Make a group."""
    Group.objects.get_or_create(name=name)


async def create_async(name: str) -> None:
    """Make a group, in a coroutine."""
    await Group.objects.aget_or_create(name=name)


def insert(name: str) -> None:
    """Make a row, once more each time."""
    Invoice.objects.create(order=name, written_by=1)


KINDS: dict[str, Callable[[Any], Any]] = {
    "function": lambda body: body,
    "background": lambda body: background(name=f"properties.{body.__name__}")(body),
    "django_tasks": lambda body: django_task()(body),  # noqa: PLW0108 - each its own
    "celery": lambda body: celery.Celery(set_as_current=False).task(body),
    "partial": functools.partial,
    "dramatiq": lambda body: SimpleNamespace(fn=body),
    "huey": lambda body: SimpleNamespace(func=body),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_of_any_queue_is_delivered_by_its_body(db: None, kind: str) -> None:
    """A right body passes and a wrong one is caught, whoever would call it."""
    assert_idempotent(KINDS[kind](create), "x", max_examples=5)

    with pytest.raises(NotIdempotentError, match="insert"):
        assert_idempotent(KINDS[kind](insert), "x")


def test_a_bound_celery_task_gets_itself(db: None) -> None:
    """As in a worker."""

    def body(self: Any, name: str) -> None:
        create(f"{name} {self.name}")

    assert_idempotent(celery.Celery(set_as_current=False).task(bind=True, name="b")(body), "x")


@pytest.mark.django_db(transaction=True)
def test_an_async_function_is_run() -> None:
    """It is waited for, and its statements are those of this thread."""
    assert_idempotent(create_async, "x", max_examples=5)


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


def test_links_between_new_rows_are_compared_and_their_ids_are_not(db: None) -> None:
    """Two users in two groups each are not the same as all in one."""

    def join(is_first: bool) -> None:
        """Put each user into a group of its own, but for later deliveries."""
        groups = [Group.objects.get_or_create(name=name)[0] for name in "ab"]
        for at, name in enumerate(("ann", "bob")):
            user, is_new = User.objects.get_or_create(username=name)
            if not is_new:
                user.groups.clear()
            user.groups.add(groups[at if is_new else 1 - at])

    with pytest.raises(NotIdempotentError, match=r"auth\.User_groups"):
        assert_idempotent(join, True)


def test_what_observe_returns_is_compared(db: None) -> None:
    """State that is no row counts as well; given puts it back."""
    sold: list[str] = []

    with pytest.raises(NotIdempotentError, match=r"observe\.value +\['x'\] +\['x', 'x'\]"):
        assert_idempotent(sold.append, "x", given=sold.clear, observe=lambda: sold)
    with pytest.raises(CannotTellError, match="let given= put back what observe= looks at"):
        assert_idempotent(sold.append, "x", observe=lambda: sold)


def test_effects_are_found_by_every_name_that_modules_know_them_by(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that was imported by name is replaced there, and is put back."""
    bell = SimpleNamespace(ring=lambda: None)
    monkeypatch.setitem(globals(), "ring_bell", bell.ring)

    def ring() -> None:
        globals()["ring_bell"]()

    for effect in (bell.ring, f"{__name__}.ring_bell"):
        with pytest.raises(NotIdempotentError, match="delivered twice"):
            assert_idempotent(ring, effects=[effect])
    assert globals()["ring_bell"] is bell.ring


def raises(name: str) -> None:
    """Look for what is not there."""
    Invoice.objects.get(order=name)


def idle(name: str) -> None:
    """Do nothing."""


def commits_by_hand(name: str) -> None:
    """End the transaction behind Django's back."""
    create(name)
    with connection.cursor() as cursor:
        cursor.execute("COMMIT")


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "raises": (raises, {}, r"raises DoesNotExist when it is delivered for the first time"),
    "no effect": (idle, {}, "idle changes nothing that is compared"),
    "wrong ignore": (create, {"ignore": ["shop.Imvoice"]}, "ignore names 'shop.Imvoice'"),
    "wrong field": (create, {"ignore": ["shop.Invoice.odrer"]}, "ignore names"),
    "wrong effect": (create, {"effects": ["shop.charge"]}, "There is no effect 'shop.charge'"),
    "unknown effect": (create, {"effects": [lambda: None]}, "is found in no module"),
    "no task": (7, {}, "7 is no task"),
    "raw commit": (commits_by_hand, {}, "runs 'COMMIT', which the database cannot take back"),
    "context": (SimpleNamespace(takes_context=True, call=idle), {}, "takes a context"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_judged_is_refused_in_one_sentence(db: None, case: str) -> None:
    """The sentence names what is wrong and what to do; nothing passes silently."""
    task, wishes, words = REFUSED[case]

    with pytest.raises(CannotTellError, match=words) as caught:
        assert_idempotent(task, "x", **wishes)

    assert "\n" not in str(caught.value)
    assert not Group.objects.exists()


def test_a_task_without_effect_passes_if_that_is_meant(db: None) -> None:
    """It has to be said."""
    assert_idempotent(idle, "x", allow_no_effect=True)


def test_without_a_database_the_sentence_says_how_to_get_one() -> None:
    """A test without database access is told, and no database is touched."""
    with pytest.raises(CannotTellError, match="use the fixture assert_idempotent"):
        assert_idempotent(create, "x")


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


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", False),
        ("/* trace */ (SELECT 1) UNION (SELECT 2)", False),
        ("-- who\nINSERT INTO t VALUES (1)", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("with a as (select 1) update t set b = 2", True),
        ("SAVEPOINT s", False),
        ("CALL charge()", True),
    ],
)
def test_statements_that_may_change_rows_are_effects(sql: str, expected: bool) -> None:
    """What only reads is no point to die at; what is unknown is."""
    assert is_effect(sql) is expected


def test_statements_that_end_the_transaction_are_known() -> None:
    """Definitions end it where the database cannot roll them back."""
    assert cannot_be_undone("commit", undoes_definitions=True)
    assert cannot_be_undone("ROLLBACK", undoes_definitions=True)
    assert not cannot_be_undone("ROLLBACK TO SAVEPOINT s", undoes_definitions=False)
    assert cannot_be_undone("CREATE TABLE t (a int)", undoes_definitions=False)
    assert not cannot_be_undone("CREATE TABLE t (a int)", undoes_definitions=True)


def test_importing_properties_costs_nothing() -> None:
    """Neither Django nor Hypothesis is imported before a test asks for it."""
    code = (
        "import sys, properties, properties.idempotency.plugin; "
        "sys.exit(any(name in sys.modules for name in ('django', 'hypothesis', 'background_task')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
