"""``prune_tasks``: what is older than asked goes, in short batches, and nothing else."""

from __future__ import annotations

import datetime
import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from background_task import pruning
from background_task.models import AttemptError, CompletedTask, FailedTask, HeldHash, Worker
from background_task.requeue import requeue
from engine.project.tasks import send_mail
from engine.tests.threads import threads

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

mail: Any = send_mail
DAYS = (1, 10, 100)


@pytest.fixture
def history(database: QueueDatabase) -> None:
    """Completed and failed tasks that ended so many ``DAYS`` ago, each with an error."""
    now = database.now()
    common = {"task_name": "a", "task_params": "[[], {}]", "run_at": now, "created_at": now}
    for days in DAYS:
        ended = now - datetime.timedelta(days=days)
        CompletedTask.objects.create(id=days, completed_at=ended, **common)
        FailedTask.objects.create(
            id=1000 + days, task_hash=str(days), failed_at=ended, error="", **common
        )
        for id_ in (days, 1000 + days):
            AttemptError.objects.create(task_id=id_, attempt=1, failed_at=ended, traceback="")


def _run(*arguments: str) -> list[str]:
    out = io.StringIO()
    call_command("prune_tasks", *arguments, stdout=out)
    return out.getvalue().splitlines()


def _left() -> tuple[list[int], list[int], list[int]]:
    return (
        list(CompletedTask.objects.order_by("id").values_list("id", flat=True)),
        list(FailedTask.objects.order_by("id").values_list("id", flat=True)),
        list(AttemptError.objects.order_by("task_id").values_list("task_id", flat=True)),
    )


def test_old_tasks_go_with_their_errors(history: None) -> None:
    """Each kind by its own age."""
    out = _run("--completed-older-than", "5d", "--failed-older-than", "60d")

    assert _left() == ([1], [1001, 1010], [1, 1001, 1010])
    assert out[-2:] == ["removed 2 completed tasks", "removed 1 failed tasks"]


def test_without_an_age_no_task_goes(history: None) -> None:
    """Only what means nothing any more."""
    before = _left()

    assert _run() == [
        "removed 0 held hashes",
        "removed 0 errors of tasks that are gone",
        "removed 0 rows of silent workers",
    ]
    assert _left() == before


def test_a_dry_run_changes_nothing(history: None) -> None:
    """It counts."""
    before = _left()

    out = _run("--completed-older-than", "5d", "--dry-run")

    assert out[-1] == "would remove 2 completed tasks"
    assert _left() == before


def test_holds_that_are_over_and_silent_workers_go(database: QueueDatabase) -> None:
    """Others stay."""
    day = datetime.timedelta(days=1).total_seconds()
    for name, seconds in (("old", -1.0), ("new", 60.0)):
        until = database.time_of(seconds)
        HeldHash.objects.create(task_hash=name, task_id=1, held_until=until)
        seen = database.time_of(-day + seconds)
        Worker.objects.create(
            name=name, processes=1, started_at=seen, seen_at=seen, lease_seconds=15.0
        )

    assert _run() == [
        "removed 1 held hashes",
        "removed 0 errors of tasks that are gone",
        "removed 1 rows of silent workers",
    ]
    assert HeldHash.objects.get().task_hash == Worker.objects.get().name == "new"


def test_batches_of_any_size_remove_the_same(history: None) -> None:
    """The last batch may be full."""
    assert _run("--completed-older-than", "0", "--batch", "1")[-1] == "removed 3 completed tasks"
    assert _run("--failed-older-than", "0", "--batch", "3")[-1] == "removed 3 failed tasks"
    assert _left() == ([], [], [])


def test_each_batch_is_a_short_transaction(history: None, database: QueueDatabase) -> None:
    """Between two of them, others write."""
    old = pruning.old_rows(database, completed=datetime.timedelta(), failed=None)
    batches = pruning.remove(database, old["completed tasks"], batch=2)

    assert next(batches) == 2
    with threads(1) as pool:
        assert not pool.start(lambda: mail("a")).result().is_duplicate
    assert list(batches) == [1]


def test_a_task_that_is_requeued_meanwhile_keeps_its_errors(
    history: None, database: QueueDatabase
) -> None:
    """It is not old any more."""
    old = pruning.old_rows(database, completed=None, failed=datetime.timedelta(days=60))

    def prune() -> int:
        return sum(pruning.remove(database, old["failed tasks"], batch=10))

    with threads(1) as pool:
        with transaction.atomic():
            assert requeue(database, [1100]).requeued == 1
            pruning_now = pool.start(prune)
            if database.dialect.lock_free_rows:
                assert pruning_now.result() == 0
        assert pruning_now.result() == 0

    assert AttemptError.objects.filter(task_id=1100).exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--failed-older-than", "old"], "'old' is not a duration such as 14d"),
        (["--failed-older-than", "-3d"], "expected one argument"),
        (["--batch", "0"], "--batch must be a whole number from 1 to 10000"),
        (["--batch", "many"], "invalid int value"),
    ],
)
def test_bad_input_is_one_sentence(history: None, arguments: list[str], sentence: str) -> None:
    """And nothing is removed."""
    before = _left()

    with pytest.raises(CommandError, match=sentence):
        _run(*arguments)

    assert _left() == before


def test_errors_go_with_the_last_trace_of_their_task(history: None) -> None:
    """Somebody cancelled it; the errors of tasks that are in a table stay."""
    kept = AttemptError.objects.count()
    AttemptError.objects.create(
        task_id=10**6, attempt=1, claimed_by="x", failed_at="2026-01-01T00:00:00Z", traceback="why"
    )

    assert "removed 1 errors of tasks that are gone" in _run()
    assert AttemptError.objects.count() == kept
