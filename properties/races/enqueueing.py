"""Races about what is in the queue: duplicates, windows, batches, chains, requeues, prunes."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

from background_task import background, pruning, settings
from background_task.attempt import run_attempt
from background_task.models import AttemptError, CompletedTask, FailedTask, ScheduledTask
from background_task.outcomes import Finished
from background_task.registry import registry
from background_task.requeue import requeue
from engine.project.models import Mail
from engine.project.tasks import send_mail
from properties.races.race import Ground, Programs, Race, in_turn

if TYPE_CHECKING:
    from background_task.claims import Claim
    from properties.interleaving import Play


def _write_mail(order: str) -> None:
    Mail.objects.create(order=order, sent_by=1)


pay_once: Final = background(name="properties.pay_once", unique_for=10**6)(_write_mail)
write_atomically: Final = background(name="properties.write_atomically", atomic=True)(_write_mail)
tick: Final = background(name="properties.tick")(_write_mail)


def _two_enqueues(ground: Ground) -> Programs:
    first, second = ground.producer("first"), ground.producer("second")
    return {"first": first.enqueue, "second": second.enqueue}


def _enqueue_and_finish(ground: Ground) -> Programs:
    """A task ends while an equal call is made: it is a duplicate, or a new task."""
    ground.producer("setup").enqueue()
    worker, producer = ground.worker("worker"), ground.producer("producer")
    (claim,) = worker.claim()
    worker.run(claim)
    return {"worker": lambda: worker.finish(claim), "producer": producer.enqueue}


def _window(ground: Ground) -> Programs:
    """While a task finishes, equal calls find it live or find its hash held, never neither."""
    ground.producer("setup").enqueue(task=pay_once)
    worker, first, second = (
        ground.worker("worker"),
        ground.producer("first"),
        ground.producer("second"),
    )
    (claim,) = worker.claim()
    worker.run(claim)
    return {
        "worker": lambda: worker.finish(claim),
        "first": lambda: first.enqueue(task=pay_once),
        "second": lambda: second.enqueue(task=pay_once),
    }


def _window_of_a_batch(ground: Ground) -> Programs:
    """As above, for calls at once."""
    ground.producer("setup").enqueue(task=pay_once)
    worker, producer = ground.worker("worker"), ground.producer("producer")
    (claim,) = worker.claim()
    worker.run(claim)
    return {
        "worker": lambda: worker.finish(claim),
        "producer": lambda: producer.enqueue_many("same", task=pay_once),
    }


def _check_window(ground: Ground, _: Play) -> str | None:
    new = ground.story.of("enqueued")[1:]
    return f"dedupe-violation: row {new[0].row} was enqueued within the window" if new else None


def _two_batches(ground: Ground) -> Programs:
    first, second = ground.producer("first"), ground.producer("second")
    return {
        "first": lambda: first.enqueue_many("a", "b", "c"),
        "second": lambda: second.enqueue_many("c", "b", "d"),
    }


def _rolled_back(ground: Ground) -> Programs:
    """A call is rolled back while an equal one is made, and workers look."""
    first, second, worker = (
        ground.producer("first"),
        ground.producer("second"),
        ground.worker("worker"),
    )
    return {
        "first": first.enqueue_and_roll_back,
        "second": second.enqueue,
        "worker": worker.work,
    }


def _atomic_body(ground: Ground) -> Programs:
    """A zombie runs an atomic body to its end while an heir runs it too."""
    Mail.objects.all().delete()
    registry[write_atomically.name] = write_atomically
    ground.producer("setup").enqueue(task=write_atomically)
    zombie, reaper, heir = (ground.worker(name) for name in ("zombie", "reaper", "heir"))
    (claim,) = zombie.claim()
    ground.let_leases_run_out()

    def run(claim: Claim) -> bool:
        ended = run_attempt(claim, settings.read())
        ground.story.tell_of("effect", claim, by="body")
        return isinstance(ended, Finished) and ended.is_recorded

    return {
        "zombie": lambda: run(claim),
        "reaper": reaper.reap,
        "heir": lambda: any(run(claim) for claim in heir.claim()),
    }


def _check_atomic_body(_: Ground, played: Play) -> str | None:
    mails, completed = Mail.objects.count(), CompletedTask.objects.count()
    told = sum(end.value is True for end in played.ends)
    if mails > 1 or mails > completed:
        return f"duplicated-effect: an atomic body has {mails} effects and {completed} ends"
    if mails != completed:
        return f"lost: an atomic body has {mails} effects and {completed} ends"
    if told > completed:
        return f"double-finish: {told} were told that they finished, and {completed} did"
    if not completed and not ScheduledTask.objects.exists():
        return "lost: the task of an atomic body is in no table"
    return None


def _two_ticks(ground: Ground) -> Programs:
    """A run of a chain ends twice at once: by its zombie, and by its heir."""
    ground.producer("setup").enqueue(task=tick, repeat=3600)
    zombie, heir = ground.worker("zombie"), ground.worker("heir")
    (claim,) = zombie.claim()
    zombie.run(claim)
    ground.let_leases_run_out()
    return {
        "zombie": lambda: zombie.finish(claim),
        "heir": in_turn(heir.reap, heir.work),
    }


def check_chain(ground: Ground, played: Play) -> str | None:
    """One run is live in the end, unless somebody was killed and it is live later."""
    live = ScheduledTask.objects.filter(task_name=tick.name).count()
    if live != 1:
        name = "double-fire" if live else "missed-fire"
        return f"{name}: the chain has {live} runs"
    return None


def _fail_for_good(ground: Ground) -> int:
    (row,) = ground.fill(1)
    worker = ground.worker("setup worker")
    worker.fail(*worker.claim(), is_final=True)
    return row


def _two_requeues(ground: Ground) -> Programs:
    row = _fail_for_good(ground)
    first, second, worker = (ground.worker(name) for name in ("first", "second", "worker"))
    return {
        "first": lambda: first.again(lambda: requeue(ground.database, [row])),
        "second": lambda: second.again(lambda: requeue(ground.database, [row])),
        "worker": worker.work,
    }


def _requeue_and_enqueue(ground: Ground) -> Programs:
    """A failed task goes back while an equal call is made: one of them is live."""
    row = _fail_for_good(ground)
    operator, producer = ground.worker("operator"), ground.producer("producer")
    return {
        "operator": lambda: operator.again(lambda: requeue(ground.database, [row])),
        "producer": lambda: producer.enqueue("order-0"),
    }


def _requeue_and_prune(ground: Ground) -> Programs:
    """A failed task goes back while it is old enough to be removed."""
    row = _fail_for_good(ground)
    operator, pruner = ground.worker("operator"), ground.worker("pruner")

    def prune() -> None:
        rows = FailedTask.objects.order_by("failed_at")
        for count in pruner.again(lambda: list(pruning.remove(ground.database, rows, batch=10))):
            if count:
                ground.deleted.add(row)

    return {
        "operator": lambda: operator.again(lambda: requeue(ground.database, [row])),
        "pruner": prune,
    }


def _check_prune(ground: Ground, played: Play) -> str | None:
    """Who requeued it was told so, and then it is there."""
    operator, pruner = played.ends
    if pruner.is_killed or pruner.error is not None:
        # It may have removed the row, and could tell nobody.
        ground.deleted.update(ground.story.rows())
    if operator.value is None or not operator.value.requeued:
        return None
    if not ScheduledTask.objects.exists():
        return "lost: a task was requeued, and removed after that"
    if not AttemptError.objects.exists():
        return "conservation: a task was requeued, and its errors were removed after that"
    return None


def _requeue_in_window(ground: Ground) -> Programs:
    """A failed task goes back while an equal one finishes, whose window begins then."""
    producer, setup = ground.producer("setup"), ground.worker("setup worker")
    row = producer.enqueue(task=pay_once)
    setup.fail(*setup.claim(), is_final=True)
    producer.enqueue(task=pay_once)
    operator, worker = ground.worker("operator"), ground.worker("worker")
    (claim,) = worker.claim()
    worker.run(claim)
    return {
        "operator": lambda: operator.again(lambda: requeue(ground.database, [row])),
        "worker": lambda: worker.finish(claim),
    }


def _check_requeue(_: Ground, played: Play) -> str | None:
    """An equal task is live or holds the hash, at every moment."""
    told = played.ends[0].value
    if told is not None and told.requeued:
        return "dedupe-violation: a task was requeued within the window of an equal one"
    return None


def _replace(ground: Ground) -> Programs:
    """A call replaces its live equal while that is claimed."""
    ground.producer("setup").enqueue()
    worker, producer = ground.worker("worker"), ground.producer("producer")
    again: Any = send_mail
    later = datetime.timedelta(hours=1)
    return {
        "worker": worker.work,
        "producer": lambda: producer.again(
            lambda: again("same", schedule={"run_at": later, "action": 2})
        ),
    }


RACES = (
    Race(name="two enqueues", sessions=2, begin=_two_enqueues),
    Race(name="enqueue and finish", sessions=2, begin=_enqueue_and_finish),
    Race(name="window", sessions=3, begin=_window, check=_check_window),
    Race(name="batch in window", sessions=2, begin=_window_of_a_batch, check=_check_window),
    Race(name="two batches of calls", sessions=2, begin=_two_batches),
    Race(name="rolled back call", sessions=3, begin=_rolled_back),
    Race(name="atomic body", sessions=3, begin=_atomic_body, check=_check_atomic_body),
    Race(name="two ticks", sessions=2, begin=_two_ticks, check=check_chain),
    Race(name="two requeues", sessions=3, begin=_two_requeues),
    Race(name="requeue and enqueue", sessions=2, begin=_requeue_and_enqueue),
    Race(name="requeue and prune", sessions=2, begin=_requeue_and_prune, check=_check_prune),
    Race(name="requeue in window", sessions=2, begin=_requeue_in_window, check=_check_requeue),
    Race(name="replace", sessions=2, begin=_replace),
)
