"""The known bugs of 1.2.8, as races in which they show, each with where it was reported.

What is not in here needs no order of statements to be seen, and ``nox -s chaos -- --subject
django_background_tasks`` sees it: a lock that lasts for an hour whoever died, whole processes that
end with their task.
"""

from __future__ import annotations

from typing import Final

from properties.control import races
from properties.control.bug import Bug

_REPORTS: Final = "https://github.com/django-background-tasks/django-background-tasks/issues/"

BUGS: Final = (
    Bug(
        name="two workers",
        summary="none: a conditional UPDATE decides who gets a task",
        provenance="models.py, Task.lock",
        anomalies=frozenset(),
        sessions=2,
        begin=races.two_workers,
        budget=60,
    ),
    Bug(
        name="two equal calls",
        summary="CHECK_EXISTING counts, then inserts, so both of two calls insert",
        provenance=_REPORTS + "127",
        anomalies=frozenset({"dedupe-violation"}),
        sessions=2,
        begin=races.two_equal_calls,
    ),
    Bug(
        name="overdue worker",
        summary="a task that runs for longer than MAX_RUN_TIME is run, and completed, twice",
        provenance=_REPORTS + "242",
        anomalies=frozenset({"double-finish", "zombie-finish"}),
        sessions=2,
        begin=races.overdue,
    ),
    Bug(
        name="overdue failure",
        summary="the retry of a worker whose lock ran out undoes what the next one did",
        provenance="models.py, Task.reschedule: save() of an old copy, which inserts a deleted row",
        anomalies=frozenset({"zombie-finish"}),
        sessions=2,
        begin=races.overdue_and_failing,
    ),
    Bug(
        name="killed while it ends",
        summary="a worker killed before it deletes the task leaves it completed and waiting",
        provenance="tasks.py, bg_runner: the row in the second table and the deletion commit apart",
        anomalies=frozenset({"conservation"}),
        sessions=1,
        begin=races.one_worker,
        kills=1,
    ),
    Bug(
        name="killed in its body",
        summary="an attempt counts when it is over, so one that kills its worker never does",
        provenance="tasks.py, bg_runner: increment_attempts comes behind the body",
        anomalies=frozenset({"uncounted-attempt"}),
        sessions=1,
        begin=races.one_worker,
        kills=1,
    ),
    Bug(
        name="killed while it repeats",
        summary="a worker killed behind the next run of a chain leaves two chains for ever",
        provenance="tasks.py, bg_runner: create_repetition and the deletion commit apart",
        anomalies=frozenset({"double-fire"}),
        sessions=1,
        begin=races.one_chain,
        kills=1,
    ),
    Bug(
        name="chain that fails",
        summary="the last failure of a run is the end of its chain",
        provenance=_REPORTS + "296",
        anomalies=frozenset({"missed-fire"}),
        sessions=1,
        begin=races.failing_chain,
        check=races.chain_is_over,
    ),
    Bug(
        name="killed while it replaces",
        summary="remove_existing_tasks deletes and inserts apart, so a kill between loses both",
        provenance="models.py, TaskManager.new_task",
        anomalies=frozenset({"lost"}),
        sessions=1,
        begin=races.replacing,
        check=races.nothing_is_left,
        kills=1,
    ),
    Bug(
        name="two killed threads",
        summary="locks of the dead count as threads at work, so in the end nothing runs",
        provenance=_REPORTS + "151",
        anomalies=frozenset({"stuck"}),
        sessions=2,
        begin=races.two_workers_of_two,
        settings={"BACKGROUND_TASK_RUN_ASYNC": True, "BACKGROUND_TASK_ASYNC_THREADS": 2},
        kills=2,
    ),
)
