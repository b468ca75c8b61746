"""Races in which bugs of 1.2.8 show: who takes part in each, and what is asked of it in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from properties.control.theirs import models, tasks

if TYPE_CHECKING:
    from properties.control.bug import Programs
    from properties.control.ground import Ground

_CHECKED: Final = {"action": tasks.TaskSchedule.CHECK_EXISTING}
HOUR: Final = 3600


def two_equal_calls(ground: Ground) -> Programs:
    """Two make the same call, each only if there is no such task."""
    first, second = ground.producer("first"), ground.producer("second")
    return {
        "first": lambda: first.enqueue(1, schedule=_CHECKED),
        "second": lambda: second.enqueue(1, schedule=_CHECKED),
    }


def two_workers(ground: Ground) -> Programs:
    """One task, and two who want it."""
    ground.producer("setup").enqueue(1)
    return {name: ground.worker(name).work for name in ("first", "second")}


def two_workers_of_two(ground: Ground) -> Programs:
    """Two tasks, and two who want them."""
    ground.producer("setup").enqueue(2)
    return two_workers(ground)


def overdue(ground: Ground, *, fails: bool = False) -> Programs:
    """A worker is slower than its lock lasts, and another one takes its task."""
    ground.producer("setup").enqueue(1, **({"fails": True} if fails else {}))
    slow, heir = ground.worker("slow"), ground.worker("heir")
    held = slow.lock()
    assert held is not None
    ground.let_locks_run_out()
    return {"slow": lambda: slow.run(held), "heir": heir.work}


def overdue_and_failing(ground: Ground) -> Programs:
    """The same, and the body fails in both."""
    return overdue(ground, fails=True)


def one_worker(ground: Ground) -> Programs:
    """One worker, and one task."""
    ground.producer("setup").enqueue(1)
    return {"worker": ground.worker("worker").work}


def one_chain(ground: Ground) -> Programs:
    """One worker, and a task that repeats."""
    ground.producer("setup").enqueue(1, repeat=HOUR)
    return {"worker": ground.worker("worker").work}


def failing_chain(ground: Ground) -> Programs:
    """A task that repeats fails as often as it may."""
    ground.producer("setup").enqueue(1, fails=True, repeat=HOUR)
    worker = ground.worker("worker")

    def work() -> None:
        for _ in range(3):
            worker.work()
            ground.let_locks_run_out()

    return {"worker": work}


def chain_is_over(_: Ground) -> str | None:
    """Look for a chain without a run that is to come."""
    if models.Task.objects.filter(repeat__gt=0).exists():
        return None
    return "missed-fire: no run of the chain is live"


def replacing(ground: Ground) -> Programs:
    """A call takes the place of its equal."""
    replaced = ground.producer("setup").enqueue(1)
    assert replaced is not None
    ground.replaced.add(replaced)
    producer = ground.producer("producer")
    return {"producer": lambda: producer.enqueue(1, remove_existing_tasks=True)}


def nothing_is_left(_: Ground) -> str | None:
    """Look for two calls, neither of which is there."""
    if models.Task.objects.exists():
        return None
    return "lost: the call that was replaced is gone, and so is the one in its place"
