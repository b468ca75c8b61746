"""Races about who owns a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from properties.races.race import Ground, Programs, Race, in_turn

if TYPE_CHECKING:
    from background_task.claims import Claim
    from properties.interleaving import Play


def _two_claims(ground: Ground) -> Programs:
    ground.fill(2)
    first, second = ground.worker("first"), ground.worker("second")
    return {"first": lambda: first.claim(2), "second": lambda: second.claim(1)}


def _two_workers(ground: Ground) -> Programs:
    ground.fill(1)
    first, second = ground.worker("first"), ground.worker("second")
    return {"first": first.work, "second": second.work}


def _four_workers(ground: Ground) -> Programs:
    ground.fill(3)
    return {name: ground.worker(name).work for name in ("first", "second", "third", "fourth")}


def _worker_and_reaper(ground: Ground) -> Programs:
    ground.fill(1)
    worker, reaper = ground.worker("worker"), ground.worker("reaper")
    return {"worker": worker.work, "reaper": in_turn(reaper.reap, reaper.work)}


def _overdue(ground: Ground) -> Claim:
    """Fill the queue with one task whose lease ran out."""
    ground.fill(1)
    (claim,) = ground.worker("zombie").claim()
    ground.let_leases_run_out()
    return claim


def _zombie_finish(ground: Ground) -> Programs:
    claim = _overdue(ground)
    zombie, reaper, heir = (ground.worker(name) for name in ("zombie", "reaper", "heir"))
    zombie.run(claim)
    return {
        "zombie": lambda: zombie.finish(claim),
        "reaper": reaper.reap,
        "heir": heir.work,
    }


def _zombie_failure(ground: Ground) -> Programs:
    claim = _overdue(ground)
    zombie, reaper, heir = (ground.worker(name) for name in ("zombie", "reaper", "heir"))
    return {"zombie": lambda: zombie.fail(claim), "reaper": reaper.reap, "heir": heir.work}


def _zombie_release(ground: Ground) -> Programs:
    claim = _overdue(ground)
    zombie, reaper, heir = (ground.worker(name) for name in ("zombie", "reaper", "heir"))
    return {"zombie": lambda: zombie.release(claim), "reaper": reaper.reap, "heir": heir.work}


def _zombie_heartbeat(ground: Ground) -> Programs:
    claim = _overdue(ground)
    zombie, reaper, heir = (ground.worker(name) for name in ("zombie", "reaper", "heir"))
    return {"zombie": lambda: zombie.heartbeat(claim), "reaper": reaper.reap, "heir": heir.work}


def _two_reapers(ground: Ground) -> Programs:
    _overdue(ground)
    first, second = ground.worker("first"), ground.worker("second")
    return {"first": first.reap, "second": in_turn(second.reap, second.claim)}


def _heartbeat_and_reaper(ground: Ground) -> Programs:
    """A worker that is slow and alive renews while others look for what ran out."""
    ground.fill(1)
    worker, other = ground.worker("worker"), ground.worker("other")
    (claim,) = worker.claim()
    ground.clock.seconds += 400

    def slowly() -> None:
        worker.heartbeat(claim)
        ground.clock.seconds += 400
        worker.run(claim)
        worker.finish(claim)

    return {"worker": slowly, "other": in_turn(other.reap, other.work)}


def _late_heartbeat(ground: Ground) -> Programs:
    """A heartbeat comes after the lease has run out, while somebody looks for such leases."""
    claim = _overdue(ground)
    worker, reaper = ground.worker("zombie"), ground.worker("reaper")
    return {
        "worker": lambda: worker.heartbeat(claim),
        "reaper": in_turn(reaper.reap, reaper.work),
    }


def check_late_heartbeat(ground: Ground, _: Play) -> str | None:
    """Look for a claim that was taken back while it was renewed."""
    renewed, reaped = ground.story.of("renewed"), ground.story.of("reaped")
    if renewed and reaped and reaped[0].at < renewed[0].at + renewed[0].lease:
        return f"unjustified-redelivery: row {reaped[0].row} was taken back though it was renewed"
    return None


def _batch_ends(ground: Ground) -> Programs:
    """A batch ends in one transaction while one of its tasks belongs to somebody else."""
    ground.fill(3)
    worker, reaper = ground.worker("worker"), ground.worker("reaper")
    claimed = worker.claim(3)
    ground.let_leases_run_out()
    for claim in claimed:
        worker.run(claim)
    return {
        "worker": lambda: worker.finish(*claimed),
        "reaper": in_turn(reaper.reap, reaper.work),
    }


def _two_batches(ground: Ground) -> Programs:
    """Two workers end batches whose rows they lock in opposite orders."""
    ground.fill(4)
    first, second = ground.worker("first"), ground.worker("second")
    one, other = first.claim(2), second.claim(2)
    for claim in one:
        first.run(claim)
    for claim in other:
        second.run(claim)
    return {
        "first": in_turn(lambda: first.heartbeat(*one[::-1]), lambda: first.finish(*one[::-1])),
        "second": in_turn(lambda: second.heartbeat(*other), lambda: second.finish(*other)),
    }


def _forgotten(ground: Ground) -> Programs:
    ground.fill(1)
    forgetful, other = ground.worker("forgetful"), ground.worker("other")
    forgetful.claim()
    ground.story.events.pop()  # nobody was told of it
    return {"forgetful": forgetful.forget, "other": other.work}


def _last_attempt(ground: Ground) -> Programs:
    """The last attempt of a task fails while it is taken back: one dead letter."""
    ground.fill(1)
    worker, reaper = ground.worker("worker"), ground.worker("reaper")
    for _ in range(2):
        worker.fail(*worker.claim())
    (last,) = worker.claim()
    ground.let_leases_run_out()
    return {"worker": lambda: worker.fail(last), "reaper": in_turn(reaper.reap, reaper.work)}


RACES = (
    Race(name="two claims", sessions=2, begin=_two_claims),
    Race(name="two workers", sessions=2, begin=_two_workers),
    Race(name="four workers", sessions=4, begin=_four_workers),
    Race(name="worker and reaper", sessions=2, begin=_worker_and_reaper),
    Race(name="zombie finish", sessions=3, begin=_zombie_finish),
    Race(name="zombie failure", sessions=3, begin=_zombie_failure),
    Race(name="zombie release", sessions=3, begin=_zombie_release),
    Race(name="zombie heartbeat", sessions=3, begin=_zombie_heartbeat),
    Race(name="two reapers", sessions=2, begin=_two_reapers),
    Race(name="heartbeat and reaper", sessions=2, begin=_heartbeat_and_reaper),
    Race(name="late heartbeat", sessions=2, begin=_late_heartbeat, check=check_late_heartbeat),
    Race(name="batch ends", sessions=2, begin=_batch_ends),
    Race(name="two batches", sessions=2, begin=_two_batches),
    Race(name="forgotten claim", sessions=2, begin=_forgotten),
    Race(name="last attempt", sessions=2, begin=_last_attempt),
)
