"""Listening: an idle worker looks when there may be something new, and seldom otherwise."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from background_task import notifications
from background_task.databases import CONNECTION_ERRORS
from background_task.worker import listening
from background_task.worker.listening import (
    DataVersionListener,
    Listener,
    NotificationListener,
    listener_for,
)
from background_task.worker.wakeups import Wakeups
from engine.project.tasks import send_mail
from engine.tests.outages import strike
from engine.tests.threads import threads
from engine.tests.waiting import wait_until

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase


@pytest.fixture
def listener(database: QueueDatabase, monkeypatch: pytest.MonkeyPatch) -> Listener:
    """What a worker on this database listens with, up to date, and never too soon to be asked."""
    if connection.vendor == "mysql":
        pytest.skip("MySQL and MariaDB say nothing")
    monkeypatch.setattr(listening, "SHORTEST_SECONDS", 0.0)
    listener = listener_for(database, notify=True, sleep_seconds=60.0)
    listener._longest_seconds = 0.0
    listener.attend()
    forget_news(listener)
    return listener


def forget_news(listener: Listener) -> None:
    """Look, and have it know all that there was until then."""
    listener.has_news()
    listener.attend()
    connection.ensure_connection()
    # No second look is ahead either.
    wait_until(lambda: not listener.has_news() and listener.pause_seconds() in {0.0, math.inf})


def commit_elsewhere(key: str) -> None:
    """Enqueue in another connection, a while after the last time."""
    notifications._sent_at.clear()
    with threads(1) as started:
        started.start(lambda: send_mail(key)).result()


def test_nothing_is_no_news(listener: Listener) -> None:
    """An idle worker leaves the queue alone."""
    assert not listener.has_news()


def test_a_commit_of_another_connection_is_news(listener: Listener) -> None:
    """Once: not again when nothing more happens."""
    commit_elsewhere("a")

    wait_until(listener.has_news)
    wait_until(lambda: not listener.has_news())


def test_news_that_came_with_another_answer_is_news(
    listener: Listener, database: QueueDatabase
) -> None:
    """The driver reads messages along with answers; the socket does not show them any more."""
    commit_elsewhere("a")
    database.execute("SELECT 1").fetchall()

    wait_until(listener.has_news)


def test_what_a_worker_writes_itself_is_no_news(
    listener: Listener, database: QueueDatabase
) -> None:
    """Else a worker would wake itself for ever."""
    send_mail("a")  # the row; on PostgreSQL this connection hears its own message, too
    forget_news(listener)

    database.execute("UPDATE background_task_scheduledtask SET priority = 1")

    assert not listener.has_news()


def test_the_descriptor_wakes_a_worker(listener: Listener) -> None:
    """It sleeps until the message comes, and nothing is asked meanwhile."""
    if connection.vendor != "postgresql":
        pytest.skip("a file wakes nobody")
    with Wakeups() as wakeups:
        commit_elsewhere("a")

        assert wakeups.wait([], 60.0, listener)


def test_waiting_ends_by_itself_without_news(listener: Listener) -> None:
    """Nothing has to happen."""
    with Wakeups() as wakeups:
        assert not wakeups.wait([], 0.0, listener)


def test_a_closed_connection_is_news_and_listened_to_again(
    listener: Listener, database: QueueDatabase
) -> None:
    """Nobody heard what was committed while there was no connection."""
    database.forget_connection()
    commit_elsewhere("a")
    assert listener.has_news()
    database.execute("SELECT 1")
    forget_news(listener)

    commit_elsewhere("b")

    wait_until(listener.has_news)


def test_a_lost_connection_is_news_and_listened_to_again(
    listener: Listener, database: QueueDatabase
) -> None:
    """The look finds out that it is lost; after that, all is as before."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection that can be lost")
    with threads(1) as started:
        started.start(strike).result()

    wait_until(listener.has_news)
    assert listener.descriptor() is None
    with pytest.raises(CONNECTION_ERRORS):
        listener.attend()
    connection.close()
    forget_news(listener)
    commit_elsewhere("a")

    wait_until(listener.has_news)
    assert listener.descriptor() is not None


def test_a_message_is_worth_a_second_look(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender kept quiet about what it enqueued right after the message."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL passes messages on")
    listener = listener_for(database, notify=True, sleep_seconds=60.0)
    listener.attend()
    forget_news(listener)
    with monkeypatch.context() as long:
        long.setattr(notifications, "DEBOUNCE_SECONDS", 3600.0)
        long.setattr(listening, "DEBOUNCE_SECONDS", 3600.0)
        commit_elsewhere("a")
        with threads(1) as started:
            started.start(lambda: send_mail("b")).result()
        wait_until(listener.has_news)
        assert not listener.has_news()
        assert listener.pause_seconds() > 60

    listener._ask_at = 0.0

    assert listener.has_news()
    assert not listener.has_news()


def test_many_messages_do_not_make_a_worker_look_all_the_time(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one is looked after all the same, later."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL passes messages on")
    commit_elsewhere("a")
    wait_until(listener.has_news)
    forget_news(listener)
    monkeypatch.setattr(listening, "SHORTEST_SECONDS", 3600.0)
    monkeypatch.setattr(listening, "DEBOUNCE_SECONDS", 3600.0)

    commit_elsewhere("b")

    wait_until(lambda: not listener.has_news() and 60.0 < listener.pause_seconds() < math.inf)


def test_a_database_that_refuses_to_be_listened_to_is_polled(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A pooler may refuse; that is said once, and stops nobody."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL passes messages on")
    monkeypatch.setattr(listening, "CHANNEL", "no channel")
    listener = NotificationListener(database, longest_seconds=1.0)

    with caplog.at_level(logging.WARNING):
        listener.attend()
        listener.attend()

    assert len(caplog.records) == 1
    assert listener.descriptor() is None
    wait_until(lambda: not listener.has_news())


def test_a_version_that_cannot_be_read_is_news(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the look find out what is wrong."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has a version")
    listener = DataVersionListener(database, longest_seconds=0.0)
    forget_news(listener)
    driver = connection.connection
    assert driver is not None
    driver.close()

    wait_until(listener.has_news)
    connection.connection = None


def test_a_silent_database_is_asked_soon_after_activity_and_then_ever_less_often(
    database: QueueDatabase,
) -> None:
    """The longest pause is what --sleep says."""
    listener = Listener(database, longest_seconds=0.1)
    pauses = []
    for _ in range(100):
        listener._ask_at = 0.0
        assert listener.has_news()
        assert not listener.has_news()
        pauses.append(listener._pause_seconds)
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.01
    assert pauses[-1] == 0.1

    listener.note_activity()

    assert listener.pause_seconds() <= listening.SHORTEST_SECONDS


def test_a_project_that_wants_no_messages_is_polled(database: QueueDatabase) -> None:
    """On PostgreSQL behind a pooler that swallows messages, for instance."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite needs no messages")
    listener = listener_for(database, notify=False, sleep_seconds=1.0)

    assert type(listener) is Listener
    assert listener.descriptor() is None
    listener.attend()
