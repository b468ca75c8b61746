"""Handing over: each task runs once, whatever is interrupted, doubled, lost or brought back."""

from __future__ import annotations

import datetime
import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from background_task.claims import claim
from background_task.dispatch.hand_over import SENT, STARTED, UNSENT
from background_task.dispatch.receiving import GivenUpError, RunAgain, receive
from background_task.models import AttemptError, CompletedTask, FailedTask, ScheduledTask
from engine.tests.outbox import PATH, Outbox
from engine.tests.outgrown.tasks import calls, complain, count, count_atomically, repeat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.databases import QueueDatabase
    from background_task.dispatch.messages import Message
    from background_task.terms import Terms

HOUR = datetime.timedelta(hours=1)


@pytest.fixture(autouse=True)
def outbox(database: QueueDatabase) -> Iterator[type[Outbox]]:
    """Give an empty broker."""
    Outbox.messages.clear()
    calls.clear()
    yield Outbox
    Outbox.error = Outbox.on_message = None


def hand_over(*arguments: str, to: str = PATH) -> str:
    """Run the command and return what it printed."""
    printed = io.StringIO()
    call_command("hand_over_tasks", "--to", to, *arguments, stdout=printed)
    return printed.getvalue()


def deliver(message: Message, *, is_again: bool = False, attempt: int = 1) -> Any:
    """Do what a worker of the broker does with a message."""
    return receive(message.call, message.id, attempt=attempt, is_again=is_again)


def stages() -> list[datetime.datetime | None]:
    """Return how far the live rows have come."""
    return list(ScheduledTask.objects.order_by("id").values_list("lease_until", flat=True))


# What is handed over, and whose it is then.


def test_a_handed_over_task_is_the_brokers_and_no_workers(
    database: QueueDatabase, terms: Terms
) -> None:
    """No worker can claim it, and its row knows that the broker has it."""
    rows = [count(number).pk for number in range(3)]
    printed = hand_over("--batch", "2")

    assert printed.endswith("2 moved\n        3 moved\n        3 moved: done\n")
    assert sorted(message.call.row or 0 for message in Outbox.messages) == rows
    assert stages() == [SENT] * 3
    with database.transaction():
        assert claim(database, terms, limit=9) == []


def test_a_task_that_a_worker_has_is_not_handed_over(database: QueueDatabase, terms: Terms) -> None:
    """A claim excludes a hand-over."""
    count(1)
    with database.transaction():
        assert len(claim(database, terms, limit=1)) == 1
    hand_over("--all")

    assert Outbox.messages == []


def test_tasks_are_sent_in_the_order_in_which_they_would_have_started() -> None:
    """Higher priority first, then the earlier one."""
    for number, priority in enumerate([0, 9, -5, 9]):
        count(number, priority=priority)
    hand_over()

    assert [message.call.task_params for message in Outbox.messages] == [
        f"[[{number}], {{}}]" for number in (1, 3, 0, 2)
    ]


def test_later_and_periodic_tasks_stay() -> None:
    """A broker is a bad place to wait for hours; --all moves later ones, never periodic ones."""
    late = count(1, schedule=HOUR).pk
    repeat(2)
    soon = count(3, schedule=60).pk
    hand_over()
    assert [message.call.row for message in Outbox.messages] == [soon]

    hand_over("--all")
    assert [message.call.row for message in Outbox.messages] == [soon, late]
    due = Outbox.messages[1].due
    assert due is not None
    assert due > timezone.now() + HOUR / 2
    assert ScheduledTask.objects.filter(lease_until=None).get().repeat == 60


def test_an_equal_call_is_a_duplicate_while_the_task_is_handed_over() -> None:
    """The row holds its hash until its task has ended."""
    first = count(1)
    hand_over()
    again = count(1)
    assert (again.is_duplicate, again.pk) == (True, first.pk)

    deliver(*Outbox.messages)
    assert not count(1).is_duplicate


def test_options_narrow_what_is_moved() -> None:
    """One queue, or so many, or nothing at all."""
    for number in range(5):
        count(number, queue="mail" if number % 2 else "default")
    hand_over("--dry-run")
    assert Outbox.messages == []
    hand_over("--queue", "mail")
    assert [message.call.queue for message in Outbox.messages] == ["mail", "mail"]
    hand_over("--limit", "1")
    assert len(Outbox.messages) == 3


# Deliveries.


def test_the_body_runs_and_the_row_ends_like_any_other() -> None:
    """The result is kept under the task's id, and the hash is free."""
    row = count(7)
    hand_over()

    assert deliver(*Outbox.messages) == [7, row.pk, 1]
    assert calls == [7]
    assert CompletedTask.objects.get(id=row.pk).result == f"[7, {row.pk}, 1]"
    assert stages() == []


def test_a_doubled_message_is_dropped() -> None:
    """Before, while and after the first one runs."""
    count(1)
    hand_over()
    (message,) = Outbox.messages
    doubled = type(message)(call=message.call)
    deliver(doubled)
    deliver(message)
    deliver(doubled, is_again=True)

    assert calls == [1]


def test_the_message_of_a_dead_worker_runs_again_and_a_doubled_one_does_not() -> None:
    """Its row is started and has not ended, and its own redelivery is the way on."""
    count(1)
    hand_over()
    (message,) = Outbox.messages
    ScheduledTask.objects.update(lease_until=STARTED, claimed_by=message.id, attempts=1)

    deliver(message)
    deliver(type(message)(call=message.call), is_again=True)
    assert calls == []
    assert deliver(message, is_again=True)[2] == 2
    assert calls == [1]


def test_a_task_that_kills_its_workers_is_dead_lettered() -> None:
    """Each start is charged in the row, so a broker cannot redeliver it for ever."""
    row = count(1)
    hand_over()
    (message,) = Outbox.messages
    ScheduledTask.objects.update(
        lease_until=STARTED, claimed_by=message.id, attempts=message.call.max_attempts
    )
    with pytest.raises(GivenUpError):
        deliver(message, is_again=True)

    assert calls == []
    assert "its worker died" in FailedTask.objects.get(id=row.pk).error


def test_a_failed_attempt_waits_for_the_broker_and_the_last_is_dead_lettered() -> None:
    """Each leaves its error, and the row is the broker's until the end."""
    row = complain("no paper")
    hand_over()
    (message,) = Outbox.messages
    for attempt in (1, 2):
        with pytest.raises(RunAgain) as again:
            deliver(message, is_again=attempt > 1)
        assert again.value.pause_seconds > 0
        assert stages() == [SENT]
    with pytest.raises(GivenUpError, match="no paper"):
        deliver(message, is_again=True)

    assert FailedTask.objects.get(id=row.pk).attempts == 3
    assert AttemptError.objects.filter(task_id=row.pk).count() == 3
    assert stages() == []


def test_an_atomic_task_ends_in_the_transaction_of_its_body() -> None:
    """If the row has another owner by then, the body's work is undone."""
    count_atomically(1)
    hand_over()
    deliver(*Outbox.messages)

    assert CompletedTask.objects.count() == 1
    assert stages() == []


# Interruptions.


def test_what_was_perhaps_sent_is_sent_again_and_runs_once() -> None:
    """A death between the broker's confirmation and ours doubles messages, not runs."""
    count(1)
    Outbox.error = ConnectionError("the line went dead")
    with pytest.raises(CommandError, match=r"run it again to go on.*the line went dead"):
        hand_over()
    assert stages() == [UNSENT]
    Outbox.error = None
    hand_over()

    first, second = Outbox.messages
    deliver(first)
    deliver(second)
    deliver(first)
    assert calls == [1]


def test_a_delivery_before_the_confirmation_is_right() -> None:
    """A worker may be faster than the command: the row of a task that ran is gone, not sent."""
    count(1)
    count(2)
    Outbox.on_message = lambda message: deliver(message) if calls == [] else None
    hand_over()

    assert calls == [1]
    assert stages() == [SENT]


def test_what_comes_back_waits_as_before_and_its_message_is_void(
    database: QueueDatabase, terms: Terms
) -> None:
    """Also if it was handed over once more meanwhile."""
    row = count(1, queue="mail", priority=3)
    hand_over()
    hand_over(to="database")
    (message,) = Outbox.messages
    deliver(message)
    assert calls == []
    with database.transaction():
        (owned,) = claim(database, terms, limit=9)
    assert (owned.id, owned.attempt) == (row.pk, 1)

    ScheduledTask.objects.update(lease_until=None)
    hand_over()
    deliver(message)
    assert calls == []
    deliver(Outbox.messages[1])
    assert calls == [1]


def test_only_what_has_not_started_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has started and not ended comes back if somebody says so."""
    count(1)
    hand_over()
    ScheduledTask.objects.update(lease_until=STARTED, claimed_by=Outbox.messages[0].id)
    hand_over(to="database")
    assert stages() == [STARTED]

    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(CommandError, match="nothing was moved"):
        hand_over("--resend-unended", to="database")
    hand_over("--resend-unended", "--no-input", to="database")
    assert stages() == [None]


def test_what_the_broker_lost_is_sent_again() -> None:
    """Each once, and what it had sent before is void."""
    for number in range(3):
        count(number)
    hand_over()
    hand_over("--resend-unended", "--no-input", "--batch", "2")

    assert len(Outbox.messages) == 6
    for message in Outbox.messages:
        deliver(message)
    assert calls == [0, 1, 2]


def test_the_end_of_a_run_that_was_given_up_changes_nothing() -> None:
    """Its task has another owner by then."""
    row = count(1)
    hand_over()
    calls.on_next = lambda: hand_over("--resend-unended", "--no-input")
    deliver(Outbox.messages[0])
    assert not CompletedTask.objects.exists()

    deliver(Outbox.messages[1])
    assert CompletedTask.objects.get().id == row.pk
    assert calls == [1, 1]


def test_without_a_terminal_the_question_is_answered_with_no(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is moved, and the sentence names the option that asks nothing."""
    count(1)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with pytest.raises(CommandError, match=r"nothing was moved: .* --no-input goes on"):
        hand_over("--resend-unended")
    assert stages() == [None]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--to", "carrier_pigeon"], "'carrier_pigeon'"),
        (["--to", "."], "'.' is no place for background tasks"),
        (["--to", "huey", "--batch", "0"], "'0' is not a whole number above zero"),
        (["--to", "database", "--queue="], "'' is no name of a queue"),
        (["--to", "database", "--queue=a\0"], r"'a\x00' is no name of a queue"),
        (["--to", "a\0.b"], r"'a\x00.b' is no place for background tasks"),
        (["--to", "\udc80.b"], r"'\udc80.b' is no place for background tasks"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], sentence: str) -> None:
    """Nothing is moved."""
    count(1)
    with pytest.raises(CommandError) as refusal:
        call_command("hand_over_tasks", *arguments)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert stages() == [None]
