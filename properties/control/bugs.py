"""The known bugs of 1.2.8, as races in which they show, each with where it was reported.

What is not in here needs no order of statements to be seen, and ``nox -s chaos -- --subject
django_background_tasks`` sees it: a lock that lasts for an hour whoever died, whole processes that
end with their task.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from django.test.utils import override_settings

from properties.control.theirs import models, tasks

if TYPE_CHECKING:
    from properties.control.ground import Ground

Programs: TypeAlias = Mapping[str, Callable[[], Any]]

_REPORTS: Final = "https://github.com/django-background-tasks/django-background-tasks/issues/"
_CHECKED: Final = {"action": tasks.TaskSchedule.CHECK_EXISTING}
HOUR: Final = 3600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One bug.

    Attributes:
        summary: what happens.
        provenance: where it was reported, or the lines that say so.
        anomalies: the names of which one must be found; none where 1.2.8 is right.
        begin: fills the tables and returns the programs by name.
        check: finds what the story does not tell.
        kills: how many of the sessions are killed, each somewhere.
        budget: how many schedules may be played until it is found.
    """

    name: str
    summary: str
    provenance: str
    anomalies: frozenset[str]
    sessions: int
    begin: Callable[[Ground], Programs]
    check: Callable[[Ground], str | None] = lambda _: None
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    kills: int = 0
    budget: int = 200

    def housed(self) -> Any:
        """Return a context in which its settings are those of the project."""
        return override_settings(**self.settings)


def _two_equal_calls(ground: Ground) -> Programs:
    first, second = ground.producer("first"), ground.producer("second")
    return {
        "first": lambda: first.enqueue(1, schedule=_CHECKED),
        "second": lambda: second.enqueue(1, schedule=_CHECKED),
    }


def _two_workers(ground: Ground) -> Programs:
    ground.producer("setup").enqueue(1)
    return {name: ground.worker(name).work for name in ("first", "second")}


def _two_workers_of_two(ground: Ground) -> Programs:
    ground.producer("setup").enqueue(2)
    return _two_workers(ground)


def _overdue(ground: Ground, *, fails: bool = False) -> Programs:
    ground.producer("setup").enqueue(1, **({"fails": True} if fails else {}))
    slow, heir = ground.worker("slow"), ground.worker("heir")
    held = slow.lock()
    assert held is not None
    ground.let_locks_run_out()
    return {"slow": lambda: slow.run(held), "heir": heir.work}


def _overdue_and_failing(ground: Ground) -> Programs:
    return _overdue(ground, fails=True)


def _one_worker(ground: Ground) -> Programs:
    ground.producer("setup").enqueue(1)
    return {"worker": ground.worker("worker").work}


def _one_chain(ground: Ground) -> Programs:
    ground.producer("setup").enqueue(1, repeat=HOUR)
    return {"worker": ground.worker("worker").work}


def _failing_chain(ground: Ground) -> Programs:
    ground.producer("setup").enqueue(1, fails=True, repeat=HOUR)
    worker = ground.worker("worker")

    def work() -> None:
        for _ in range(3):
            worker.work()
            ground.let_locks_run_out()

    return {"worker": work}


def _chain_is_over(_: Ground) -> str | None:
    if models.Task.objects.filter(repeat__gt=0).exists():
        return None
    return "missed-fire: no run of the chain is live"


def _replacing(ground: Ground) -> Programs:
    replaced = ground.producer("setup").enqueue(1)
    assert replaced is not None
    ground.replaced.add(replaced)
    producer = ground.producer("producer")
    return {"producer": lambda: producer.enqueue(1, remove_existing_tasks=True)}


def _nothing_is_left(_: Ground) -> str | None:
    if models.Task.objects.exists():
        return None
    return "lost: the call that was replaced is gone, and so is the one in its place"


BUGS: Final = (
    Bug(
        name="two workers",
        summary="none: a conditional UPDATE decides who gets a task",
        provenance="models.py, Task.lock",
        anomalies=frozenset(),
        sessions=2,
        begin=_two_workers,
        budget=60,
    ),
    Bug(
        name="two equal calls",
        summary="CHECK_EXISTING counts, then inserts, so both of two calls insert",
        provenance=_REPORTS + "127",
        anomalies=frozenset({"dedupe-violation"}),
        sessions=2,
        begin=_two_equal_calls,
    ),
    Bug(
        name="overdue worker",
        summary="a task that runs for longer than MAX_RUN_TIME is run, and completed, twice",
        provenance=_REPORTS + "242",
        anomalies=frozenset({"double-finish", "zombie-finish"}),
        sessions=2,
        begin=_overdue,
    ),
    Bug(
        name="overdue failure",
        summary="the retry of a worker whose lock ran out undoes what the next one did",
        provenance="models.py, Task.reschedule: save() of an old copy, which inserts a deleted row",
        anomalies=frozenset({"zombie-finish"}),
        sessions=2,
        begin=_overdue_and_failing,
    ),
    Bug(
        name="killed while it ends",
        summary="a worker killed before it deletes the task leaves it completed and waiting",
        provenance="tasks.py, bg_runner: the row in the second table and the deletion commit apart",
        anomalies=frozenset({"conservation"}),
        sessions=1,
        begin=_one_worker,
        kills=1,
    ),
    Bug(
        name="killed in its body",
        summary="an attempt counts when it is over, so one that kills its worker never does",
        provenance="tasks.py, bg_runner: increment_attempts comes behind the body",
        anomalies=frozenset({"uncounted-attempt"}),
        sessions=1,
        begin=_one_worker,
        kills=1,
    ),
    Bug(
        name="killed while it repeats",
        summary="a worker killed behind the next run of a chain leaves two chains for ever",
        provenance="tasks.py, bg_runner: create_repetition and the deletion commit apart",
        anomalies=frozenset({"double-fire"}),
        sessions=1,
        begin=_one_chain,
        kills=1,
    ),
    Bug(
        name="chain that fails",
        summary="the last failure of a run is the end of its chain",
        provenance=_REPORTS + "296",
        anomalies=frozenset({"missed-fire"}),
        sessions=1,
        begin=_failing_chain,
        check=_chain_is_over,
    ),
    Bug(
        name="killed while it replaces",
        summary="remove_existing_tasks deletes and inserts apart, so a kill between loses both",
        provenance="models.py, TaskManager.new_task",
        anomalies=frozenset({"lost"}),
        sessions=1,
        begin=_replacing,
        check=_nothing_is_left,
        kills=1,
    ),
    Bug(
        name="two killed threads",
        summary="locks of the dead count as threads at work, so in the end nothing runs",
        provenance=_REPORTS + "151",
        anomalies=frozenset({"stuck"}),
        sessions=2,
        begin=_two_workers_of_two,
        settings={"BACKGROUND_TASK_RUN_ASYNC": True, "BACKGROUND_TASK_ASYNC_THREADS": 2},
        kills=2,
    ),
)
