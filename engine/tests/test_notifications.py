"""Notifications: one message after the commit, few of them, and none that fails the caller."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from background_task import notifications
from background_task.notifications import announce
from engine.project.tasks import send_mail
from engine.tests.threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from background_task.databases import QueueDatabase


@pytest.fixture(autouse=True)
def nothing_was_sent() -> Iterator[None]:
    """No message of another test is a reason to keep quiet."""
    notifications._sent_at.clear()
    yield
    notifications._sent_at.clear()


@pytest.fixture
def messages(database: QueueDatabase) -> Iterator[Callable[[], int]]:
    """Count the messages since the last time, on a connection that listens."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL passes messages on")
    listener = connection.copy()
    cursor = listener.cursor()
    cursor.execute(f"LISTEN {notifications.CHANNEL}")

    def count() -> int:
        # The server sends the messages that it has before it is ready for the next statement.
        cursor.execute("SELECT 1")
        driver = listener.connection
        if hasattr(driver, "add_notify_handler"):
            return len(list(driver.notifies(timeout=0)))
        heard = len(driver.notifies)
        driver.notifies.clear()
        return heard

    yield count
    listener.close()


def enqueue_quietly(key: str) -> None:
    """Enqueue, and forget that a message was sent."""
    send_mail(key)
    notifications._sent_at.clear()


def test_a_commit_is_heard_and_not_before(messages: Callable[[], int]) -> None:
    """A worker that looked before the commit would find nothing."""
    with transaction.atomic():
        send_mail("a")
        assert messages() == 0

    assert messages() == 1


def test_a_rollback_is_not_heard(messages: Callable[[], int]) -> None:
    """There is nothing to look for."""
    with transaction.atomic():
        send_mail("a")
        transaction.set_rollback(True)

    assert messages() == 0


def test_a_savepoint_that_is_rolled_back_is_not_heard(messages: Callable[[], int]) -> None:
    """Its task is gone, though the transaction commits."""
    with transaction.atomic(), transaction.atomic():
        send_mail("a")
        transaction.set_rollback(True)

    assert messages() == 0


def test_an_enqueue_outside_transactions_is_heard_at_once(messages: Callable[[], int]) -> None:
    """It is committed when it returns."""
    send_mail("a")

    assert messages() == 1


def test_a_duplicate_is_not_heard(messages: Callable[[], int]) -> None:
    """It brought nothing new."""
    enqueue_quietly("a")
    assert messages() == 1

    send_mail("a")
    assert messages() == 0


def test_a_second_message_right_after_the_first_is_not_sent(
    messages: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many enqueues are one message; whoever heard it looks again when the time is over."""
    monkeypatch.setattr(notifications, "DEBOUNCE_SECONDS", 3600.0)

    for key in "abc":
        send_mail(key)
    assert messages() == 1

    monkeypatch.setattr(notifications, "DEBOUNCE_SECONDS", 0.0)
    send_mail("d")
    assert messages() == 1


def test_the_time_begins_for_all_threads(
    messages: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the process."""
    monkeypatch.setattr(notifications, "DEBOUNCE_SECONDS", 3600.0)
    send_mail("a")

    with threads(2) as started:
        for key in "bc":
            started.start(functools.partial(send_mail, key)).result()

    assert messages() == 1


def test_nothing_is_sent_if_the_project_does_not_want_it(
    messages: Callable[[], int], settings: object
) -> None:
    """NOTIFY is for projects whose pooler passes no messages on."""
    settings.BACKGROUND_TASK = {"NOTIFY": False}  # type: ignore[attr-defined]

    send_mail("a")

    assert messages() == 0


def test_a_message_that_fails_is_logged_and_the_next_one_is_sent(
    messages: Callable[[], int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The task is in the queue all the same."""
    with monkeypatch.context() as broken, caplog.at_level(logging.ERROR):
        broken.setattr(notifications, "_NOTIFY", "SELECT no_such_function()")
        send_mail("a")
        with transaction.atomic():
            send_mail("b")
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert messages() == 0

    send_mail("c")
    assert messages() == 1


def test_a_message_is_no_part_of_a_transaction_that_django_does_not_manage(
    database: QueueDatabase,
) -> None:
    """Nobody knows when that commits: its task waits for a worker to look."""
    connection.set_autocommit(autocommit=False)
    try:
        announce(database)
        send_mail("a")
        assert notifications._sent_at == {}
    finally:
        connection.rollback()
        connection.set_autocommit(autocommit=True)


def test_other_databases_are_sent_nothing(database: QueueDatabase) -> None:
    """Their workers find out by other means."""
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL passes messages on")

    send_mail("a")

    assert notifications._sent_at == {}
