"""Engines whose leases are broken: heartbeats, and taking back what a dead worker held."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.commits import commit_afterwards, commit_so_far
from chaos.zoo.engine import SERVERS
from chaos.zoo.replacing import Replacement
from chaos.zoo.specimen import Specimen

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from background_task.claims import Claim, Expired
    from background_task.databases import QueueDatabase

NOW: Final = r"(?:statement_timestamp\(\)|UTC_TIMESTAMP\(6\)|strftime\('[^']*', 'now'\))"


def by_own_clock(match: re.Match[str]) -> str:
    """Put the time of this process where a statement asks for that of the database."""
    now = datetime.datetime.now(tz=datetime.UTC)
    return f"{match[1]}'{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03}'"


def _renew_whatever_is_there(
    _real: object, database: QueueDatabase, claims: Sequence[Claim], *, lease_seconds: float
) -> list[Claim]:
    if claims:
        among, ids = database.dialect.among([claim.id for claim in claims])
        database.execute(
            f"UPDATE background_task_scheduledtask SET lease_until = {database.dialect.after}"  # noqa: S608 - no data
            f" WHERE lease_until IS NOT NULL AND id {among}",
            [lease_seconds, *ids],
        )
    return []


def _free_all_first(
    real: Callable[..., list[Expired]], database: QueueDatabase, *rest: Any
) -> list[Expired]:
    expired = real(database, *rest)
    for task in expired:
        database.execute(
            "UPDATE background_task_scheduledtask SET lease_until = NULL WHERE id = %s", (task.id,)
        )
    commit_so_far(database)
    return expired


LEASING: Final = (
    Specimen(
        name="no_reaper",
        summary="nobody takes back what a dead worker held",
        provenance="https://github.com/RealOrangeOne/django-tasks/issues/46",
        anomalies=frozenset({"stuck"}),
        layer="chaos",
        where="sigkill_everything",
        budget=2,
        rewrites=((r"WHERE lease_until < ", "WHERE 1 = 0 AND lease_until < "),),
    ),
    Specimen(
        name="no_heartbeat",
        summary="leases are not renewed, so a slow task is taken from its living worker",
        provenance="https://github.com/Koed00/django-q/issues/307",
        anomalies=frozenset({"unjustified-redelivery"}),
        layer="chaos",
        where="sigkill_mid_task",
        budget=2,
        rewrites=((r"(UPDATE \S+ SET lease_until = (?!NULL).* WHERE )id ", r"\g<1>1 = 0 AND id "),),
    ),
    Specimen(
        name="lease_by_the_workers_clock",
        summary="a worker whose clock is fast takes tasks from all others while they run",
        provenance="https://github.com/aegra/aegra/pull/547",
        anomalies=frozenset({"unjustified-redelivery", "double-claim", "overlap"}),
        layer="chaos",
        where="clock_skew",
        budget=4,
        rewrites=((rf"(lease_until < ){NOW}", by_own_clock),),
    ),
    Specimen(
        name="due_by_the_workers_clock",
        summary="a worker whose clock is fast runs tasks hours before they are due",
        provenance="https://github.com/bensheldon/good_job/issues/1543",
        anomalies=frozenset({"premature", "backoff-violation"}),
        layer="chaos",
        where="clock_skew",
        budget=4,
        rewrites=((rf"(run_at <= ){NOW}", by_own_clock),),
    ),
    Specimen(
        name="heartbeat_without_token",
        summary="a worker that lost its task keeps it from running out for the one that has it",
        provenance="https://github.com/brendanlong/lion-reader/pull/917",
        anomalies=frozenset({"zombie-heartbeat"}),
        layer="interleaving",
        where="zombie heartbeat",
        budget=30,
        replacements=(Replacement(of="claims:renew", by=_renew_whatever_is_there),),
    ),
    Specimen(
        name="reap_in_two_transactions",
        summary="a task is taken back from a worker that got it after the reaper looked",
        provenance="https://github.com/riverqueue/river/issues/1302",
        anomalies=frozenset({"unjustified-redelivery"}),
        layer="interleaving",
        where="late heartbeat",
        budget=100,
        replacements=(Replacement(of="claims:reap", by=commit_afterwards),),
    ),
    Specimen(
        name="reap_without_lock",
        summary="a worker whose heartbeat comes in time loses its task all the same",
        provenance="https://github.com/riverqueue/river/pull/1373",
        anomalies=frozenset({"unjustified-redelivery"}),
        layer="interleaving",
        where="late heartbeat",
        budget=120,
        databases=SERVERS,
        covered_by="on SQLite a reaper's transaction has the only lock there is",
        rewrites=((r"(ORDER BY lease_until LIMIT %s) FOR (NO KEY )?UPDATE SKIP LOCKED", r"\1"),),
    ),
    Specimen(
        name="reap_frees_first",
        summary="a task without attempts left runs once more if its reaper dies",
        provenance="https://github.com/aegra/aegra/issues/502",
        anomalies=frozenset({"attempt-overrun", "illegal-transition"}),
        layer="crash-point",
        where="reap to a dead letter",
        budget=1,
        replacements=(Replacement(of="claims:reap", by=_free_all_first),),
    ),
    Specimen(
        name="reap_refunds",
        summary="a task that kills its worker gets its attempt back, and kills the next one",
        provenance="https://github.com/contribsys/faktory/issues/99",
        anomalies=frozenset({"uncounted-attempt"}),
        layer="model",
        budget=60,
        rewrites=(
            (
                r"SET lease_until = NULL WHERE id",
                "SET lease_until = NULL, attempts = attempts - 1 WHERE id",
            ),
        ),
    ),
    Specimen(
        name="forgotten_by_everybody",
        summary="a worker that lost its connection gives back what others are running",
        provenance="https://github.com/procrastinate-org/procrastinate/issues/1518",
        anomalies=frozenset({"unjustified-redelivery"}),
        layer="model",
        budget=40,
        rewrites=((r"AND claimed_by = %s", "AND %s <> ''"),),
    ),
)
