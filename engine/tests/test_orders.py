"""Orders at statements: carried out where they say, as often as they say, and said before."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.db import Error, connection, transaction
from django.db.backends.signals import connection_created

from engine.project import orders
from engine.project.errors import CONNECTION_LOST
from engine.project.models import Mail
from engine.project.orders import ORDERS, ROLE, session_number
from engine.project.recorder import HISTORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from background_task.databases import QueueDatabase

INSERT = r"^INSERT INTO .shop_mail"


class Desk:
    """Gives orders to this process, and reads what it says of them."""

    def __init__(self, folder: Path) -> None:
        self.orders = folder / "orders"
        self.history = folder / "history"
        self.orders.mkdir()
        self.history.mkdir()

    def give(self, name: str = "one", **order: Any) -> Path:
        """Give an order at the insert of a mail."""
        usual = {"role": "worker", "statement": INSERT, "do": "error", "times": 1}
        path = self.orders / f"{name}.json"
        path.write_text(json.dumps({**usual, **order}))
        return path

    def said(self, f: str = "order") -> list[dict[str, Any]]:
        """Return what was said of orders that were taken, or ``obeyed``."""
        files = self.history.glob("gate-*.ndjson")
        ops = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return [op["value"] for op in ops if op["f"] == f]


@pytest.fixture
def desk(
    database: QueueDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """Have this process obey orders, as a worker, until the end of the test."""
    given = Desk(tmp_path)
    monkeypatch.setenv(ORDERS, str(given.orders))
    monkeypatch.setenv(HISTORY, str(given.history))
    monkeypatch.setenv(ROLE, "worker")
    known, instance = list(connection.execute_wrappers), dict(vars(connection))
    orders.install()
    connection.close()
    connection.ensure_connection()
    yield given
    connection_created.disconnect(dispatch_uid="killproof orders")
    connection.close()
    connection.execute_wrappers[:] = known
    for name in ("_commit", "_rollback"):
        if name not in instance:
            delattr(connection, name)


def mails() -> set[str]:
    """Return which mails there are, on a connection that is good."""
    connection.close()
    return set(Mail.objects.values_list("order", flat=True))


def send(*names: str) -> bool:
    """Send mails, each in autocommit; tell whether there was no error."""
    with contextlib.suppress(Error):
        for name in names:
            Mail.objects.create(order=name, sent_by=1)
        return True
    return False


def send_together(*names: str) -> bool:
    """Send mails in one transaction; tell whether there was no error."""
    with contextlib.suppress(Error), transaction.atomic():
        for name in names:
            Mail.objects.create(order=name, sent_by=1)
        return True
    return False


@pytest.mark.parametrize("at", ["before", "after", "before-commit"])
def test_an_error_in_a_transaction_comes_in_time_to_undo_it(desk: Desk, at: str) -> None:
    """Wherever it comes, nothing of the transaction stays, and the next one is left alone."""
    desk.give(at=at, error="deadlock")

    assert not send_together("a", "b")
    assert send_together("c")
    assert mails() == {"c"}


def test_an_error_before_a_statement_of_its_own_keeps_it_from_running(desk: Desk) -> None:
    """In autocommit too, a statement that was refused has done nothing."""
    desk.give(at="before", error="disk-full")

    assert not send("a")
    assert mails() == set()


@pytest.mark.parametrize("at", ["after", "after-commit"])
def test_an_error_that_promises_an_undoing_never_follows_a_commit(desk: Desk, at: str) -> None:
    """No database reports a deadlock after it committed: whoever retries may rely on that."""
    desk.give(at=at, error="deadlock")

    assert send("a")
    assert desk.said() == []
    assert mails() == {"a"}


@pytest.mark.parametrize("sending", [send, send_together])
def test_a_connection_may_be_lost_after_the_commit(desk: Desk, sending: Any) -> None:
    """The statement has taken effect, and who sent it is told that something went wrong."""
    desk.give(at="after-commit", error=CONNECTION_LOST)

    assert not sending("a")
    assert mails() == {"a"}


def test_a_connection_that_is_lost_before_the_commit_takes_everything_with_it(desk: Desk) -> None:
    """The same error, and nothing was committed."""
    if connection.vendor == "sqlite":
        return
    desk.give(at="before-commit", error=CONNECTION_LOST)

    assert not send_together("a")
    assert mails() == set()


def test_an_order_is_carried_out_as_often_as_it_says(desk: Desk) -> None:
    """Two of three statements get the error."""
    desk.give(at="before", error="read-only", times=2)

    assert [send(name) for name in "abc"] == [False, False, True]
    assert len(desk.said()) == 2


def test_an_order_for_producers_is_no_business_of_a_worker(desk: Desk) -> None:
    """It is left for whom it was given to."""
    desk.give(at="before", error="deadlock", role="producer")

    assert send("a")


def test_an_order_that_was_withdrawn_is_not_carried_out(desk: Desk) -> None:
    """Healing a fault ends it, also for those who have read of it."""
    desk.give("other", at="before", error="deadlock", role="producer")
    order = desk.give(at="before", error="deadlock", statement="^nothing is like this$")
    assert send("a")
    order.unlink()

    assert send("b")
    assert desk.said() == []


def test_orders_that_are_given_in_quick_succession_are_all_seen(desk: Desk) -> None:
    """However coarse the clock of the file system is."""
    for number in range(5):
        desk.give(f"order-{number}", at="before", error="deadlock")
        assert not send("a"), number


def test_who_carries_an_order_out_says_so_first(desk: Desk) -> None:
    """With the server's number of its session, by which others can find it."""
    desk.give("fault-1", at="after", do="stall", seconds=0.0)

    assert send("a")
    (said,) = desk.said()
    assert (said["order"], said["ticket"], said["do"]) == ("fault-1", 1, "stall")
    assert said["session"] == session_number(connection)


@pytest.mark.parametrize(
    "order", [{"do": "stall", "seconds": 0.0}, {"do": "error", "error": "deadlock"}]
)
def test_who_has_carried_an_order_out_says_so_again(desk: Desk, order: dict[str, Any]) -> None:
    """The stall is over, or the database has answered; it is told of the same order."""
    desk.give(at="before", **order)

    send("a")
    assert desk.said("obeyed") == desk.said("order") != []


def test_who_was_to_raise_an_error_and_did_not_has_not_obeyed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An announcement is no error."""
    monkeypatch.setattr(orders, "raise_error", lambda *_: None)
    desk.give(at="before", error="deadlock")

    assert send("a")
    assert len(desk.said("order")) == 1
    assert desk.said("obeyed") == []
