"""Claims: who owns a task, and until when. The same tests on every database."""

from __future__ import annotations

import dataclasses
import datetime
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from background_task import claims, outcomes
from background_task.due import seconds_until_due
from background_task.models import ScheduledTask
from engine.project.tasks import send_mail
from engine.tests.steps import LONG_AGO, claim, database_now, every_row, expire, only_row
from engine.tests.threads import threads
from engine.tests.waiting import wait_until

if TYPE_CHECKING:
    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

mail: Any = send_mail


def _orders(claimed: list[Claim]) -> list[str]:
    return [claim.task_params.split('"')[1] for claim in claimed]


def test_a_claimed_task_is_not_claimed_again(database: QueueDatabase, terms: Terms) -> None:
    """No two live claims on one task."""
    send_mail("a")

    first = claim(database, terms)
    second = claim(database, terms)

    assert [claim.attempt for claim in first] == [1]
    assert second == []


def test_a_claim_is_charged_and_says_who_made_it(database: QueueDatabase, terms: Terms) -> None:
    """The attempt is charged before the task starts, so no death can avoid it."""
    task = send_mail("a")

    (held,) = claim(database, terms)

    row = ScheduledTask.objects.get()
    assert (row.attempts, row.token, row.claimed_by) == (1, 1, "host:1")
    assert (held.id, held.attempt, held.token) == (task.id, 1, row.token)
    assert (held.task_name, held.task_params) == (row.task_name, row.task_params)


def test_a_lease_ends_by_the_databases_clock(database: QueueDatabase, terms: Terms) -> None:
    """It lasts as long as the worker asked, counted from the database's now."""
    before = database_now()
    send_mail("a")
    claim(database, terms)

    lease = ScheduledTask.objects.get().lease_until
    assert lease is not None
    length = datetime.timedelta(seconds=terms.lease_seconds)
    slack = datetime.timedelta(milliseconds=1)
    assert before + length - slack <= lease <= database_now() + length + slack


def test_higher_priority_goes_first_then_the_earlier_time_then_the_smaller_id(
    database: QueueDatabase, terms: Terms
) -> None:
    """The order is total: equal tasks run in the order in which they were enqueued."""
    hour = datetime.timedelta(hours=1)
    mail("fifth", schedule=LONG_AGO + hour)
    mail("third", schedule=LONG_AGO, priority=0)
    mail("fourth", schedule=LONG_AGO)
    mail("last", schedule=LONG_AGO, priority=-1)
    mail("first", schedule=LONG_AGO + hour, priority=2)
    mail("second", schedule=LONG_AGO + 2 * hour, priority=2)

    expected = ["first", "second", "third", "fourth", "fifth", "last"]

    assert _orders(claim(database, terms)) == expected


def test_one_by_one_the_order_is_the_same(database: QueueDatabase, terms: Terms) -> None:
    """A worker that claims less at once does not change what comes first."""
    for priority, order in enumerate("dcba"):
        mail(order, priority=priority)

    assert [_orders(claim(database, terms, limit=1)) for _ in "abcd"] == [
        ["a"],
        ["b"],
        ["c"],
        ["d"],
    ]


def test_no_task_starts_early(database: QueueDatabase, terms: Terms) -> None:
    """What is due later waits, however high its priority is."""
    mail("later", schedule=3600, priority=100)
    mail("now")

    assert _orders(claim(database, terms)) == ["now"]


def test_a_task_is_due_at_its_time_and_not_before(database: QueueDatabase, terms: Terms) -> None:
    """Asked again and again, the claim comes after run_at by the database's own clock."""
    task = mail("soon", schedule=0.2)

    wait_until(lambda: claim(database, terms))

    lease = ScheduledTask.objects.get().lease_until
    assert lease is not None
    claimed_at = lease - datetime.timedelta(seconds=terms.lease_seconds)
    assert claimed_at >= task.run_at - datetime.timedelta(milliseconds=1)


def test_a_claim_takes_no_more_than_its_limit(database: QueueDatabase, terms: Terms) -> None:
    """What a worker did not ask for is left to others."""
    for number in range(5):
        send_mail(str(number))

    assert [len(claim(database, terms, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_a_worker_serves_its_queues_only(database: QueueDatabase, terms: Terms) -> None:
    """Tasks of other queues are left alone; without a choice all queues are served."""
    for queue in ("a", "b", "c"):
        mail(queue, queue=queue)
    chosen = dataclasses.replace(terms, queues=("a", "c"))

    assert _orders(claim(database, chosen)) == ["a", "c"]
    assert _orders(claim(database, terms)) == ["b"]


def test_the_row_decides_on_its_limits_before_the_worker(
    database: QueueDatabase, terms: Terms
) -> None:
    """A row without limits gets the worker's."""
    own, none = send_mail("own"), send_mail("none")
    ScheduledTask.objects.filter(id=own.id).update(max_attempts=9, timeout_seconds=1.5)

    limits = {c.id: (c.max_attempts, c.timeout_seconds) for c in claim(database, terms)}

    assert limits == {own.id: (9, 1.5), none.id: (3, 30.0)}


def test_two_workers_claim_different_tasks(database: QueueDatabase, terms: Terms) -> None:
    """While the first claim is not yet committed, the second one gets other tasks.

    Databases with row locks answer the second one at once; the others let it wait.
    """
    for number in range(6):
        send_mail(str(number))
    is_claimed, is_answered = threading.Event(), threading.Event()
    answered_early: list[bool] = []

    def first() -> list[Claim]:
        with database.transaction():
            claimed = claims.claim(database, terms, limit=3)
            is_claimed.set()
            answered_early.append(is_answered.wait(0.5))
        return claimed

    def second() -> list[Claim]:
        assert is_claimed.wait(30)
        claimed = claim(database, terms, limit=3)
        is_answered.set()
        return claimed

    with threads(2) as pool:
        started = [pool.start(first), pool.start(second)]
        one, two = (claiming.result() for claiming in started)

    assert len(one) == len(two) == 3
    assert not {c.id for c in one} & {c.id for c in two}
    assert answered_early == [connection.features.has_select_for_update_skip_locked]


def test_many_workers_claim_each_task_once(database: QueueDatabase, terms: Terms) -> None:
    """Eight workers that claim as fast as they can share the tasks without a double claim."""
    for number in range(60):
        send_mail(str(number))
    barrier = threading.Barrier(8)

    def drain() -> list[int]:
        barrier.wait(30)
        return [
            held.id
            for _ in range(20)
            for held in database.retry_transient(lambda: claim(database, terms, limit=3))
        ]

    with threads(8) as pool:
        drains = [pool.start(drain) for _ in range(8)]
        taken = [id_ for drained in drains for id_ in drained.result()]
    # A worker whose look found only rows that others were claiming has gone home early.
    taken += [held.id for held in claim(database, terms)]

    assert sorted(taken) == sorted(ScheduledTask.objects.values_list("id", flat=True))
    assert set(ScheduledTask.objects.values_list("attempts", "token")) == {(1, 1)}


def test_a_later_claim_has_a_larger_token(database: QueueDatabase, terms: Terms) -> None:
    """Tokens only grow, so the owner can be told from all former ones."""
    send_mail("a")
    tokens = []
    for _ in range(3):
        (held,) = claim(database, dataclasses.replace(terms, max_attempts=9))
        tokens.append(held.token)
        ScheduledTask.objects.update(lease_until=None)

    assert tokens == sorted(set(tokens))


def test_a_renewal_extends_the_lease(database: QueueDatabase, terms: Terms) -> None:
    """The heartbeat moves the end of the lease, and nothing else."""
    send_mail("a")
    held = claim(database, terms)
    before = only_row(ScheduledTask)

    lost = claims.renew(database, held, lease_seconds=600.0)

    after = only_row(ScheduledTask)
    assert lost == []
    assert after["lease_until"] - before["lease_until"] > datetime.timedelta(seconds=500)
    assert {**after, "lease_until": None} == {**before, "lease_until": None}


def test_a_renewal_tells_which_claims_are_lost(database: QueueDatabase, terms: Terms) -> None:
    """Those that are still owned are renewed all the same."""
    kept, taken, gone = (send_mail(order) for order in "abc")
    held = {claimed.id: claimed for claimed in claim(database, terms)}
    ScheduledTask.objects.filter(id=taken.id).update(token=99)
    ScheduledTask.objects.filter(id=gone.id).delete()
    expire()

    lost = claims.renew(database, list(held.values()), lease_seconds=60.0)

    assert lost == [held[taken.id], held[gone.id]]
    assert ScheduledTask.objects.get(id=kept.id).lease_until != LONG_AGO
    assert ScheduledTask.objects.get(id=taken.id).lease_until == LONG_AGO


def test_a_claim_that_its_own_worker_replaced_is_lost(
    database: QueueDatabase, terms: Terms
) -> None:
    """The row is the worker's still, but by its second claim: the first is over."""
    send_mail("a")
    first = claim(database, terms)
    expire()
    with database.transaction():
        outcomes.reap(database, terms)
    ScheduledTask.objects.update(run_at=LONG_AGO)
    second = claim(database, terms)

    assert claims.renew(database, [*first, *second], lease_seconds=60.0) == first


def test_a_released_task_is_held_by_nobody(database: QueueDatabase, terms: Terms) -> None:
    """A token without a lease owns nothing, even if it is the last one."""
    send_mail("a")
    held = claim(database, terms)
    ScheduledTask.objects.update(lease_until=None)
    rows = every_row()

    assert claims.renew(database, held, lease_seconds=60.0) == held
    assert every_row() == rows


def test_nothing_is_held_for_nobody(database: QueueDatabase) -> None:
    """Asking about no claims asks nothing."""
    with database.transaction():
        assert claims.hold(database, []) == []
    assert claims.renew(database, [], lease_seconds=1.0) == []


def test_only_expired_leases_are_taken_back(database: QueueDatabase, terms: Terms) -> None:
    """A worker that renews in time keeps its tasks."""
    alive, dead, waiting = (send_mail(order) for order in "abc")
    claim(database, terms, limit=2)
    expire(dead.id)

    with database.transaction():
        expired = claims.reap(database, terms)

    assert [(task.id, task.attempts, task.max_attempts) for task in expired] == [(dead.id, 1, 3)]
    assert expired[0].claimed_by == "host:1"
    assert alive.id != waiting.id


def test_one_reap_takes_a_bounded_number(database: QueueDatabase, terms: Terms) -> None:
    """After a long outage the reaper works in parts."""
    task = send_mail("a")
    row = ScheduledTask.objects.get(id=task.id)
    ScheduledTask.objects.bulk_create(
        ScheduledTask(
            **{
                field.attname: getattr(row, field.attname)
                for field in ScheduledTask._meta.concrete_fields
                if field.attname not in {"id", "live_hash", "lease_until"}
            },
            lease_until=LONG_AGO,
        )
        for _ in range(claims.REAP_LIMIT + 1)
    )

    with database.transaction():
        assert len(claims.reap(database, terms)) == claims.REAP_LIMIT


def test_an_empty_queue_has_nothing_due(database: QueueDatabase, terms: Terms) -> None:
    """A worker then sleeps as long as it was told."""
    assert seconds_until_due(database, terms) is None


def test_the_next_task_tells_how_long_to_sleep(database: QueueDatabase, terms: Terms) -> None:
    """The pause ends when the earliest task of a served queue is due."""
    mail("later", schedule=7200)
    mail("next", schedule=3600)
    mail("elsewhere", schedule=60, queue="other")
    default = dataclasses.replace(terms, queues=("default",))

    assert seconds_until_due(database, default) == pytest.approx(3600, abs=60)
    assert seconds_until_due(database, terms) == pytest.approx(60, abs=59)


def test_the_next_end_of_a_lease_tells_how_long_to_sleep(
    database: QueueDatabase, terms: Terms
) -> None:
    """Whoever looks then can reap what a dead worker left."""
    mail("later", schedule=7200)
    mail("now")
    claim(database, terms)

    assert seconds_until_due(database, terms) == pytest.approx(60, abs=59)


def test_what_is_overdue_is_due_in_less_than_no_time(database: QueueDatabase, terms: Terms) -> None:
    """The answer is negative, not nothing."""
    mail("long ago", schedule=LONG_AGO)

    seconds = seconds_until_due(database, terms)
    assert seconds is not None
    assert seconds < 0
