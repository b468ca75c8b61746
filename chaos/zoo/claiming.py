"""Engines whose claims are broken: who gets a task, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.commits import commit_afterwards, commit_so_far
from chaos.zoo.engine import SERVERS
from chaos.zoo.replacing import Replacement
from chaos.zoo.specimen import Specimen

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.due import Lane, Row
    from background_task.terms import Terms

ONE_WRITER: Final = "on SQLite a claim is the only transaction that writes"


def _always_the_first(real: Callable[..., Claim], *rest: Any) -> Claim:
    return real(*rest)._replace(token=1)


def _look_for_one_more(
    real: Callable[..., list[Row]], database: QueueDatabase, terms: Terms, limit: int, *rest: Any
) -> list[Row]:
    return real(database, terms, limit + 1, *rest)


def _one_lane(_real: object, _database: QueueDatabase) -> list[Lane]:
    from background_task.due import Lane

    return [Lane()]


def _charge_afterwards(
    real: Callable[..., list[Claim]], database: QueueDatabase, *rest: Any, **options: Any
) -> list[Claim]:
    claimed = real(database, *rest, **options)
    commit_so_far(database)
    for claim in claimed:
        database.execute(
            "UPDATE background_task_scheduledtask SET attempts = %s WHERE id = %s",
            (claim.attempt, claim.id),
        )
    return claimed


CLAIMING: Final = (
    Specimen(
        name="claim_without_lock",
        summary="two workers that look at the same moment both get the task",
        provenance="https://github.com/kent8192/reinhardt-web/issues/1549",
        anomalies=frozenset({"double-claim"}),
        layer="interleaving",
        where="two workers",
        budget=120,
        databases=SERVERS,
        covered_by=ONE_WRITER,
        rewrites=((r"(AND run_at <= .* LIMIT %s) FOR (NO KEY )?UPDATE SKIP LOCKED", r"\1"),),
    ),
    Specimen(
        name="claim_in_two_transactions",
        summary="a worker looks for a task and takes it in two transactions, and so does another",
        provenance="https://github.com/dbos-inc/dbos-transact-py/issues/541",
        anomalies=frozenset({"double-claim"}),
        layer="interleaving",
        where="two claims",
        budget=120,
        replacements=(Replacement(of="claims:look", by=commit_afterwards),),
    ),
    Specimen(
        name="lost_comparison_ignored",
        summary="a worker whose guarded update changed no row runs the task all the same",
        provenance="https://github.com/coleifer/huey/issues/123",
        anomalies=frozenset({"double-claim"}),
        layer="interleaving",
        where="two claims",
        budget=120,
        databases=SERVERS,
        covered_by=ONE_WRITER,
        rewrites=(
            (r"(AND run_at <= .* LIMIT %s) FOR (NO KEY )?UPDATE SKIP LOCKED", r"\1"),
            (r"(SET token = token \+ 1.* WHERE )id", r"\1lease_until IS NULL AND id"),
        ),
    ),
    Specimen(
        name="attempt_not_charged",
        summary="the claim does not count the attempt, so a task that kills its worker never ends",
        provenance="https://github.com/vectorize-io/hindsight/issues/2675",
        anomalies=frozenset({"uncounted-attempt"}),
        layer="model",
        budget=40,
        rewrites=((r"attempts = attempts \+ 1", "attempts = attempts"),),
    ),
    Specimen(
        name="attempt_charged_afterwards",
        summary="a worker that dies right after its claim is not charged for it",
        provenance="https://github.com/contribsys/faktory/issues/99",
        anomalies=frozenset({"uncounted-attempt"}),
        layer="crash-point",
        where="claim",
        budget=1,
        rewrites=((r"attempts = attempts \+ 1", "attempts = attempts"),),
        replacements=(Replacement(of="claims:claim", by=_charge_afterwards),),
    ),
    Specimen(
        name="token_does_not_grow",
        summary="every claim of a task has the same token, so nothing tells a zombie from its heir",
        provenance="https://github.com/aegra/aegra/issues/502",
        anomalies=frozenset({"double-claim"}),
        layer="model",
        budget=40,
        rewrites=((r"token = token \+ 1", "token = 1"),),
        replacements=(Replacement(of="claims:_claim", by=_always_the_first),),
    ),
    Specimen(
        name="early",
        summary="tasks are claimed before they are due",
        provenance="https://github.com/bensheldon/good_job/issues/1543",
        anomalies=frozenset({"premature"}),
        layer="model",
        budget=40,
        rewrites=((r"AND run_at <= .* ORDER BY", "ORDER BY"),),
    ),
    Specimen(
        name="priority_ignored",
        summary="an urgent task waits until everything that was due before it has run",
        provenance="a classic, no issue known",
        anomalies=frozenset({"priority-inversion"}),
        layer="model",
        budget=40,
        rewrites=((r"ORDER BY priority( DESC)?, run_at, id LIMIT", "ORDER BY run_at, id LIMIT"),),
        replacements=(Replacement(of="due:lanes", by=_one_lane),),
    ),
    Specimen(
        name="last_in_first_out",
        summary="what came last runs first, and under load what came first never does",
        provenance="https://github.com/coleifer/huey/issues/497",
        anomalies=frozenset({"order-inversion"}),
        layer="model",
        budget=40,
        rewrites=((r"(ORDER BY priority(?: DESC)?, run_at), id LIMIT", r"\1 DESC, id DESC LIMIT"),),
    ),
    Specimen(
        name="one_more_than_the_limit",
        summary="a worker gets more tasks than it asked for",
        provenance="https://github.com/feikesteenbergen/relay-rs/issues/22",
        anomalies=frozenset({"unjustified-redelivery"}),
        layer="model",
        budget=40,
        replacements=(Replacement(of="claims:look", by=_look_for_one_more),),
    ),
)
