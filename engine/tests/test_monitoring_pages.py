"""The pages for people, Prometheus and probes: what they say, and to whom."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import include, path
from prometheus_client.parser import text_string_to_metric_families

from background_task.checks import check_urls
from background_task.models import FailedTask, ScheduledTask, Worker
from background_task.monitoring import health, workers
from background_task.monitoring.observations import Observations
from background_task.outcomes import Failed
from engine.project.tasks import send_mail
from engine.tests.steps import claim, record
from engine.tests.web import PAGES, serve_pages, staff, superuser

if TYPE_CHECKING:
    from pytest_django import Settings as ProjectSettings

    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

TOKEN = "s3cret"  # noqa: S105 - of this test
mail: Any = send_mail


@pytest.fixture(autouse=True)
def _pages(settings: ProjectSettings) -> None:
    serve_pages(settings)


def _answer(client: Client, page: str = "", **headers: str) -> Any:
    return client.get(PAGES + page, headers=headers)


def _samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _fill(database: QueueDatabase, terms: Terms) -> None:
    """One failed task, one that runs, one that is due, and one that is due later."""
    mail("gives up", priority=2)
    ScheduledTask.objects.update(max_attempts=1)
    (given_up,) = claim(database, terms, limit=1)
    record(
        database, Failed(claim=given_up, error="Traceback\n  x\nValueError: <b>no</b>", retry_in=0)
    )
    mail("runs", priority=1)
    claim(database, terms, limit=1)
    mail("due")
    mail("later", schedule=3600, queue="slow")


def test_the_status_page_shows_the_queue(database: QueueDatabase, terms: Terms) -> None:
    """Counts, workers, problems and the latest failures, with their text escaped."""
    _fill(database, terms)
    workers.register(database, "host:7", ["slow"], 2, 60.0)

    response = _answer(superuser())

    total = response.context["total"]
    assert (total.due, total.waiting, total.running, total.failed) == (1, 1, 1, 1)
    page = response.content.decode()
    assert "host:7" in page
    assert "No live worker serves queue &#x27;default&#x27;, which has 1 due tasks." in page
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in page
    assert f"{PAGES}failedtask/{FailedTask.objects.get().id}/" in page


def test_an_empty_queue_has_a_page(database: QueueDatabase) -> None:
    """The page says so, and how to start a worker."""
    page = _answer(superuser()).content.decode()

    assert "All queues are empty" in page
    assert "manage.py process_tasks" in page
    assert "0 in the last 60 minutes" in page


def test_the_plot_is_told_in_words(database: QueueDatabase) -> None:
    """What a picture shows to the eye is said to whoever does not see it."""
    counted = Observations()
    for _ in range(3):
        counted.note_run("default", "mail", 0.5, "completed")
    counted.note_run("default", "mail", 0.5, "failed")
    counted.flush(database)

    page = _answer(superuser()).content.decode()

    assert 'aria-label="Completed: 3 in the last 60 minutes, at most 3 a minute' in page
    assert 'aria-label="Failed attempts: 1 in the last 60 minutes, at most 1 a minute' in page
    assert page.count("<rect") == 2


def test_the_page_refreshes_itself_when_asked_to(database: QueueDatabase) -> None:
    """Without a script, and only then."""
    client = superuser()

    assert "Refresh" not in _answer(client).headers
    assert _answer(client, "?refresh=yes").headers["Refresh"] == "10"


def test_visitors_are_sent_to_the_login(database: QueueDatabase) -> None:
    """The page is for staff only."""
    response = _answer(Client())

    assert (response.status_code, response.headers["Location"]) == (
        302,
        f"/admin/login/?next={PAGES}",
    )


def test_without_the_admin_visitors_are_sent_to_login_url(
    database: QueueDatabase, settings: ProjectSettings
) -> None:
    """The page needs users, and no admin."""
    settings.ROOT_URLCONF = (path("tasks/", include("background_task.urls")),)
    settings.LOGIN_URL = "/sign-in/"

    assert Client().get("/tasks/").headers["Location"] == "/sign-in/?next=/tasks/"
    response = superuser().get("/tasks/")
    assert response.status_code == 200
    assert "Scheduled</a>" not in response.content.decode()


def test_without_users_the_page_says_what_it_needs(
    database: QueueDatabase, settings: ProjectSettings
) -> None:
    """One sentence, and no error of the server."""
    settings.ROOT_URLCONF = (path("tasks/", include("background_task.urls")),)
    settings.MIDDLEWARE = []

    response = Client().get("/tasks/")

    assert response.status_code == 401
    assert b"this project has no users: install django.contrib.auth" in response.content


@pytest.mark.parametrize("page", ["scheduledtask/", "failedtask/", "completedtask/", "worker/"])
def test_the_pages_of_the_admin_are_not_covered(database: QueueDatabase, page: str) -> None:
    """What is not in ``background_task.urls`` falls through to the admin."""
    response = _answer(superuser(), page)

    assert response.status_code == 200
    assert response.resolver_match.app_name == "admin"


def test_the_status_as_json(database: QueueDatabase, terms: Terms) -> None:
    """Programs get the numbers of the page."""
    _fill(database, terms)

    status = _answer(staff(), "status.json").json()

    assert [queue["name"] for queue in status["queues"]] == ["default", "slow"]
    assert status["queues"][1]["waiting"] == 1
    assert len(status["minutes"]) == 60


@pytest.mark.parametrize("page", ["metrics", "health", "status.json"])
def test_machines_need_the_token(
    database: QueueDatabase, settings: ProjectSettings, page: str
) -> None:
    """No token set: nobody but staff. A token set: whoever sends it, and no other."""
    client = Client()
    assert _answer(client, page).status_code == 401
    assert _answer(client, page, authorization="Bearer ").status_code == 401
    assert _answer(staff(), page).status_code == 200

    settings.BACKGROUND_TASK = {"METRICS_TOKEN": TOKEN}

    assert _answer(client, page, authorization=f"Bearer {TOKEN}").status_code == 200
    assert _answer(client, page, authorization=f"bearer {TOKEN}").status_code == 200
    for wrong in ("", TOKEN, f"Bearer {TOKEN}x", "Bearer é", f"Basic {TOKEN}"):
        response = _answer(client, page, authorization=wrong)
        assert (response.status_code, response.headers["WWW-Authenticate"][:6]) == (401, "Bearer")


def test_metrics_tell_of_tasks_and_workers(database: QueueDatabase, terms: Terms) -> None:
    """Counts per state and queue, as gauges."""
    _fill(database, terms)
    workers.register(database, "host:7", [], 2, 60.0)

    samples = _samples(_answer(staff(), "metrics").content.decode())

    def tasks(state: str, queue: str) -> float:
        return samples["background_task_tasks", frozenset({("state", state), ("queue", queue)})]

    assert [tasks(state, "default") for state in ("waiting", "due", "running", "failed")] == [
        *(0, 1, 1, 1)
    ]
    assert tasks("waiting", "slow") == 1
    assert samples["background_task_workers", frozenset({("state", "alive")})] == 1
    assert samples["background_task_workers", frozenset({("state", "silent")})] == 0
    assert samples["background_task_oldest_due_seconds", frozenset({("queue", "slow")})] == 0


def test_metrics_have_histograms(database: QueueDatabase) -> None:
    """Buckets are cumulative, as Prometheus wants them, and agree with the counters."""
    counted = Observations()
    for seconds in (0.5, 0.5, 30.0, 9999.0):
        counted.note_run("default", "mail", seconds, "completed")
    counted.note_run("default", "mail", 0.5, "failed")
    counted.note_wait("default", "mail", 0.25)
    counted.flush(database)

    samples = _samples(_answer(staff(), "metrics").content.decode())

    series = {("queue", "default"), ("task_name", "mail"), ("ended", "completed")}
    buckets = [
        samples["background_task_run_seconds_bucket", frozenset({*series, ("le", bound)})]
        for bound in ("0.2", "0.5", "20.0", "60.0", "3600.0", "+Inf")
    ]
    assert buckets == [0, 2, 2, 3, 3, 4]
    assert samples["background_task_run_seconds_sum", frozenset(series)] == 10030.0
    queue = frozenset({("queue", "default")})
    assert samples["background_task_completed_total", queue] == 4
    assert samples["background_task_failed_total", queue] == 1


def test_without_the_client_library_metrics_say_so(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence that names the package, and no traceback."""
    monkeypatch.delitem(sys.modules, "background_task.monitoring.metrics", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    response = _answer(staff(), "metrics")

    assert response.status_code == 501
    assert b"pip install prometheus_client" in response.content


def test_a_queue_whose_tasks_start_is_healthy(database: QueueDatabase) -> None:
    """A live worker and a young task are no problem."""
    mail("due")
    workers.register(database, "host:7", ["default"], 2, 60.0)

    response = _answer(staff(), "health")

    assert (response.status_code, response.json()) == (200, {"healthy": True, "problems": []})


def test_a_queue_without_a_live_worker_is_not_healthy(database: QueueDatabase) -> None:
    """Workers that are silent, or serve another queue, do not count."""
    mail("due")
    workers.register(database, "host:7", ["slow"], 2, 60.0)
    silent = workers.register(database, "host:8", [], 2, 60.0)
    Worker.objects.filter(id=silent.id).update(lease_seconds=-1.0)

    response = _answer(staff(), "health")

    assert response.status_code == 503
    assert response.json()["problems"] == [
        "No live worker serves queue 'default', which has 1 due tasks."
    ]


def test_a_task_that_is_due_for_too_long_is_not_healthy(database: QueueDatabase) -> None:
    """The limit is the probe's."""
    mail("due", schedule=-100)
    workers.register(database, "host:7", [], 2, 60.0)
    client = staff()

    assert _answer(client, "health").status_code == 200
    response = _answer(client, "health?max_age=60")

    assert response.status_code == 503
    (problem,) = response.json()["problems"]
    assert problem.startswith("The oldest due task of queue 'default' could have run 10")


@pytest.mark.parametrize("text", ["soon", "nan", "-1", "inf"])
def test_a_limit_that_makes_no_sense_is_refused(database: QueueDatabase, text: str) -> None:
    """With a sentence, and no traceback."""
    response = _answer(staff(), f"health?max_age={text}")

    assert response.status_code == 400
    assert response.json()["problems"] == [f"max_age={text} is not a number of seconds above zero."]


def test_a_database_that_never_answers_is_not_waited_for(database: QueueDatabase) -> None:
    """A probe gets its answer in time, and those of one hung database do not pile up."""
    with health._looking:
        problems = health.find_problems(database, max_age=300.0, patience=0.01)

    assert problems == ["The database did not answer within 0.01 s."]


def test_a_database_that_cannot_be_asked_is_a_problem(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reason is told."""

    def refuse() -> None:
        raise OperationalError("connection refused\nIs the server running?")

    monkeypatch.setattr(database, "now", refuse)

    assert health.find_problems(database, max_age=300.0) == [
        "The database 'default' cannot be asked: connection refused"
    ]


def test_pages_behind_the_admin_are_found_by_the_checks(settings: ProjectSettings) -> None:
    """Included in the wrong order, the admin answers for them."""
    from engine.project import urls

    assert check_urls() == []
    settings.ROOT_URLCONF = tuple(reversed(urls.urlpatterns))

    (message,) = check_urls()

    assert message.id == "background_task.W010"


def test_a_project_without_the_pages_has_nothing_to_check(settings: ProjectSettings) -> None:
    """They are an offer."""
    settings.ROOT_URLCONF = (path("x/", include([])),)

    assert check_urls() == []
