"""The admin: it shows everything, and changes only what no worker has."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from background_task.dispatch.hand_over import SENT, STARTED
from background_task.models import AttemptError, CompletedTask, FailedTask, ScheduledTask
from background_task.monitoring import workers
from background_task.outcomes import Failed, Finished
from engine.project.tasks import send_mail
from engine.tests.steps import claim, record
from engine.tests.web import PAGES, serve_pages, staff, superuser

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings as ProjectSettings

    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

LISTS = ("scheduledtask", "completedtask", "failedtask", "attempterror", "worker")
mail: Any = send_mail


@pytest.fixture(autouse=True)
def _pages(settings: ProjectSettings) -> None:
    serve_pages(settings)


def _rows(client: Client, page: str) -> list[Any]:
    """Return the rows of a list."""
    return [row.pk for row in client.get(PAGES + page).context["cl"].result_list]


def _act(client: Client, page: str, action: str, *ids: int) -> list[str]:
    """Do something to chosen rows; return what the admin says about it."""
    data = {"action": action, "_selected_action": list(ids)}
    response = client.post(PAGES + page, data, follow=True)
    return [str(message) for message in response.context["messages"]]


def _give_up(database: QueueDatabase, terms: Terms, order: str = "gives up") -> int:
    """Let a task fail for good; return its id."""
    mail(order)
    ScheduledTask.objects.update(max_attempts=1)
    (given_up,) = claim(database, terms, limit=1)
    record(database, Failed(claim=given_up, error="Traceback\n  x\nValueError: <b>", retry_in=0))
    return given_up.id


def test_every_list_and_every_row_can_be_seen(database: QueueDatabase, terms: Terms) -> None:
    """Rows in every table, opened one by one."""
    _give_up(database, terms)
    mail("done")
    (done,) = claim(database, terms)
    record(database, Finished(claim=done, result='"sent"'))
    mail("waits")
    workers.register(database, "host:1", [], 2, 60.0)
    client = superuser()

    for page in LISTS:
        (row,) = _rows(client, f"{page}/")
        response = client.get(f"{PAGES}{page}/{row}/change/")
        assert response.status_code == 200
        assert not response.context["has_change_permission"]


def test_a_task_shows_the_errors_of_its_attempts(database: QueueDatabase, terms: Terms) -> None:
    """All of them, the last one first, with the traceback as text."""
    id_ = _give_up(database, terms)
    AttemptError.objects.all().delete()
    for attempt in (1, 2):
        AttemptError.objects.create(
            task_id=id_,
            attempt=attempt,
            failed_at=database.now(),
            exception="shop.OutOfPaper",
            traceback=f"<i>line {attempt}</i>",
        )

    page = superuser().get(f"{PAGES}failedtask/{id_}/change/").content.decode()

    assert page.index("attempt 2, ") < page.index("attempt 1, ")
    assert "&lt;i&gt;line 1&lt;/i&gt;" in page
    assert "ValueError: &lt;b&gt;" in page


def test_lists_are_filtered_by_state_queue_name_and_repetition(
    database: QueueDatabase, terms: Terms
) -> None:
    """Each filter alone finds its rows."""
    runs = mail("runs", priority=1)
    claim(database, terms, limit=1)
    due, later = mail("due", queue="slow"), mail("later", schedule=3600, repeat=60)
    client = superuser()

    assert _rows(client, "scheduledtask/?state=running") == [runs.id]
    assert _rows(client, "scheduledtask/?state=due") == [due.id]
    assert _rows(client, "scheduledtask/?state=waiting") == [later.id]
    assert _rows(client, "scheduledtask/?queue=slow") == [due.id]
    assert _rows(client, "scheduledtask/?periodic=yes") == [later.id]
    assert _rows(client, "scheduledtask/?periodic=no") == [due.id, runs.id]
    assert len(_rows(client, f"scheduledtask/?task_name={send_mail.name}")) == 3
    assert _rows(client, "scheduledtask/?task_name=unheard+of") == []


def test_tasks_are_found_by_arguments_hash_and_number(database: QueueDatabase) -> None:
    """What a log line or a caller knows of a task is enough."""
    first, second = mail("order-17"), mail("order-18")
    client = superuser()

    assert _rows(client, "scheduledtask/?q=order-17") == [first.id]
    assert _rows(client, f"scheduledtask/?q={second.task_hash}") == [second.id]
    assert _rows(client, f"scheduledtask/?q=%23{second.id}") == [second.id]
    assert _rows(client, "scheduledtask/?q=%23" + "9" * 30) == []
    assert len(_rows(client, "scheduledtask/?q=send_mail")) == 2


def test_cancel_leaves_running_tasks_alone(database: QueueDatabase, terms: Terms) -> None:
    """It says how many it left, and their claims stay valid."""
    runs, waits = mail("runs", priority=1), mail("waits")
    (held,) = claim(database, terms, limit=1)

    said = _act(superuser(), "scheduledtask/", "cancel", runs.id, waits.id)

    assert said == ["1 task cancelled.", "1 left alone: already running, or ended."]
    assert ScheduledTask.objects.get().id == runs.id
    assert record(database, Finished(claim=held)) == []


def test_run_now_makes_tasks_due_and_keeps_the_order_of_due_ones(
    database: QueueDatabase, terms: Terms
) -> None:
    """A task that waits for tomorrow starts next; one that is due already is not put back."""
    late, tomorrow = mail("late", schedule=-60), mail("tomorrow", schedule=86_400)

    said = _act(superuser(), "scheduledtask/", "run_now", late.id, tomorrow.id)

    assert said == ["2 tasks made due."]
    assert [found.id for found in claim(database, terms)] == [late.id, tomorrow.id]


def test_priorities_go_up_and_down(database: QueueDatabase) -> None:
    """By one, for the chosen tasks."""
    first, second = mail("a", priority=4), mail("b", priority=4)
    client = superuser()

    _act(client, "scheduledtask/", "raise_priority", first.id)
    _act(client, "scheduledtask/", "lower_priority", second.id)

    assert ScheduledTask.objects.get(id=first.id).priority == 5
    assert ScheduledTask.objects.get(id=second.id).priority == 3


def test_failed_tasks_are_requeued(database: QueueDatabase, terms: Terms) -> None:
    """They wait again; one whose equal is live stays where it is."""
    again, double = _give_up(database, terms, "again"), _give_up(database, terms, "double")
    mail("double")

    said = _act(superuser(), "failedtask/", "requeue", again, double)

    assert said == [
        "1 task requeued.",
        "1 left alone: an equal task is live, or completed just now.",
    ]
    assert FailedTask.objects.get().id == double
    assert ScheduledTask.objects.filter(id=again, lease_until=None).exists()


def test_who_may_only_look_can_change_nothing(database: QueueDatabase) -> None:
    """No action is offered, and one that is sent all the same does nothing."""
    task = mail("waits")
    client = staff("view_scheduledtask")

    response = client.get(f"{PAGES}scheduledtask/")
    _act(client, "scheduledtask/", "cancel", task.id)

    assert response.context["action_form"] is None
    assert client.get(f"{PAGES}failedtask/").status_code == 403
    assert ScheduledTask.objects.get().id == task.id


def test_who_may_change_tasks_may_act(database: QueueDatabase) -> None:
    """The permission to change is the permission for the actions."""
    task = mail("waits")

    assert _act(staff("change_scheduledtask"), "scheduledtask/", "cancel", task.id) == [
        "1 task cancelled."
    ]


def test_times_at_the_end_of_the_calendar_are_shown(
    database: QueueDatabase, settings: ProjectSettings
) -> None:
    """East of Greenwich they have no local name, so they are shown in UTC."""
    settings.TIME_ZONE = "Asia/Tokyo"
    task = mail("a")
    end = datetime.datetime(9999, 12, 31, 23, 59, tzinfo=datetime.UTC)
    ScheduledTask.objects.update(run_at=end, repeat_until=end)
    client = superuser()

    for page in ("scheduledtask/", f"scheduledtask/{task.id}/change/"):
        assert "Dec. 31, 9999, 11:59 p.m." in client.get(PAGES + page).content.decode()


def test_what_a_broker_has_is_shown_as_handed_over(database: QueueDatabase) -> None:
    """Until a delivery has started it there."""
    waits, handed, runs = mail("waits", schedule=60), mail("handed"), mail("runs")
    ScheduledTask.objects.filter(id=handed.id).update(lease_until=SENT)
    ScheduledTask.objects.filter(id=runs.id).update(lease_until=STARTED)
    client = superuser()

    assert _rows(client, "scheduledtask/?state=handed+over") == [handed.id]
    assert _rows(client, "scheduledtask/?state=running") == [runs.id]
    assert _rows(client, "scheduledtask/?state=waiting") == [waits.id]
    assert "handed over</td>" in client.get(f"{PAGES}scheduledtask/").content.decode()


@pytest.mark.parametrize("page", LISTS)
def test_nothing_is_added_or_deleted_by_hand(database: QueueDatabase, page: str) -> None:
    """Not even by a superuser: the queue alone writes its rows."""
    client = superuser()

    response = client.get(f"{PAGES}{page}/")

    assert client.get(f"{PAGES}{page}/add/").status_code == 403
    assert not response.context["has_add_permission"]
    assert b"delete_selected" not in response.content


def test_long_tables_are_not_counted_to_their_end(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list says that there is more, and every count has a limit."""
    now = database.now()
    CompletedTask.objects.bulk_create(
        CompletedTask(id=id_, run_at=now, created_at=now, completed_at=now) for id_ in range(20)
    )
    monkeypatch.setattr("background_task.admin.COUNT_LIMIT", 10)
    client = superuser()

    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"{PAGES}completedtask/")

    assert response.context["cl"].result_count == 10
    assert "The first 10;" in response.content.decode()
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert all("LIMIT 10" in count for count in counts)
    assert counts
