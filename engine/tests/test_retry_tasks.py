"""``retry_tasks``: the failed tasks that the options select, and no other."""

from __future__ import annotations

import datetime
import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from background_task.models import FailedTask, ScheduledTask
from background_task.requeue import BATCH
from engine.project.tasks import send_mail

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

mail: Any = send_mail
FIRST, SECOND, THIRD = (10**12 + number for number in (1, 2, 3))
"""Ids that the database gives to no live task while the tests run."""

FAILED = {
    FIRST: ("mail", "default", 1),
    SECOND: ("mail", "slow", 5),
    THIRD: ("invoice", "slow", 50),
}
"""Of three failed tasks: name, queue, and how many hours ago they failed."""


@pytest.fixture
def failed(database: QueueDatabase) -> None:
    """The tasks of ``FAILED``."""
    now = database.now()
    for id_, (name, queue, hours) in FAILED.items():
        FailedTask.objects.create(
            id=id_,
            task_name=name,
            task_params="[[], {}]",
            task_hash=str(id_),
            queue=queue,
            run_at=now,
            created_at=now,
            failed_at=now - datetime.timedelta(hours=hours),
            error="",
        )


def _run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("retry_tasks", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([str(SECOND), str(THIRD)], {SECOND, THIRD}),
        (["--task", "mail"], {FIRST, SECOND}),
        (["--queue", "slow"], {SECOND, THIRD}),
        (["--failed-since", "6h"], {FIRST, SECOND}),
        (["--older-than", "2h"], {SECOND, THIRD}),
        (["--older-than", "2h", "--failed-since", "2d"], {SECOND}),
        (["--queue", "slow", "--task", "mail"], {SECOND}),
        ([str(FIRST), str(SECOND), "--queue", "slow"], {SECOND}),
        (["--task", "nobody"], set()),
        (["--all"], {FIRST, SECOND, THIRD}),
    ],
)
def test_conditions_add_up(failed: None, arguments: list[str], expected: set[int]) -> None:
    """Each takes away what it does not select."""
    out = _run(*arguments)

    assert set(ScheduledTask.objects.values_list("id", flat=True)) == expected
    assert out == f"{len(expected)} failed tasks wait again\n"


def test_a_dry_run_changes_nothing(failed: None) -> None:
    """It counts."""
    assert _run("--queue", "slow", "--dry-run") == "would retry 2 failed tasks\n"
    assert FailedTask.objects.count() == len(FAILED)


def test_duplicates_are_counted(failed: None) -> None:
    """The summary says why they stay."""
    live = mail("a")
    FailedTask.objects.filter(id=SECOND).update(task_hash=live.task_hash)

    assert _run("--all") == (
        "2 failed tasks wait again\n1 stay failed, as an equal task is live or completed\n"
    )
    assert FailedTask.objects.get().id == SECOND


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say which failed tasks"),
        (["--dry-run"], "say which failed tasks"),
        (["--all", "--task", "mail"], "--all selects every failed task"),
        ([str(THIRD), "4", "17"], "no failed task has the id 4, 17; nothing was retried"),
        ([str(2**70)], "no failed task has the id"),
        (["--older-than", "soon"], "'soon' is not a duration such as 14d"),
        (["--older-than", "99999999999d"], "is not a duration"),
        (["--queue="], "'' is no name of a queue"),
        (["--queue", "\udc80"], r"'\\udc80' is no name of a queue"),
        (["--task", "a\0"], r"'a\\x00' is no name of a task"),
        (["a"], "invalid int value"),
    ],
)
def test_bad_input_is_one_sentence(failed: None, arguments: list[str], sentence: str) -> None:
    """And nothing is retried."""
    with pytest.raises(CommandError, match=sentence):
        _run(*arguments)

    assert FailedTask.objects.count() == len(FAILED)


def test_tasks_that_stay_are_looked_at_once(database: QueueDatabase) -> None:
    """More duplicates than a batch holds do not keep the command from its end."""
    live = mail("a")
    now = database.time_of(-1.0)
    common: dict[str, Any] = {"task_name": "a", "task_params": "", "error": ""}
    times = {"run_at": now, "created_at": now, "failed_at": now}
    FailedTask.objects.bulk_create(
        FailedTask(id=10**6 + number, task_hash=live.task_hash, **common, **times)
        for number in range(BATCH + 1)
    )

    assert f"{BATCH + 1} stay failed" in _run("--all")
