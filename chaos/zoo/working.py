"""Engines whose workers are broken: when they acknowledge, how they stop, what wakes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.replacing import Replacement
from chaos.zoo.specimen import Specimen

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase


def _acknowledge_at_once(
    real: Callable[..., list[Claim]], database: QueueDatabase, *rest: Any, **options: Any
) -> list[Claim]:
    from background_task import outcomes

    claimed = real(database, *rest, **options)
    ends = [outcomes.Finished(claim=claim) for claim in claimed]
    outcomes.record(database, ends, keep_completed=True)
    return claimed


def _stop_at_once(_real: object, supervisor: Any) -> bool:
    return supervisor._stopping_since is not None  # noqa: SLF001


def _stop_when_idle(real: Callable[..., None], supervisor: Any) -> None:
    if not supervisor._desk.held():  # noqa: SLF001
        real(supervisor)


def _wait_to_be_told(real: Callable[..., bool], desk: Any) -> bool:
    is_due = real(desk)
    desk._next_poll = desk._next_poll if is_due else math.inf  # noqa: SLF001
    return is_due


WORKING: Final = (
    Specimen(
        name="acknowledge_before_run",
        summary="a task is done when it is claimed, so a worker that dies takes it along",
        provenance="https://github.com/coleifer/huey/issues/253",
        anomalies=frozenset({"lost"}),
        layer="chaos",
        where="sigkill_mid_task",
        budget=2,
        replacements=(Replacement(of="claims:claim", by=_acknowledge_at_once),),
    ),
    Specimen(
        name="stop_drops_what_runs",
        summary="every deploy kills what runs, and it starts again when its lease is over",
        provenance="https://github.com/janbjorge/pgqueuer/issues/630",
        anomalies=frozenset({"claim-after-stop"}),
        layer="chaos",
        where="sigterm",
        budget=2,
        replacements=(Replacement(of="worker.supervisor:Supervisor._is_done", by=_stop_at_once),),
    ),
    Specimen(
        name="stop_is_forgotten",
        summary="a worker that was told to stop takes tasks for as long as there are some",
        provenance="https://github.com/procrastinate-org/procrastinate/issues/1564",
        anomalies=frozenset({"claim-after-stop"}),
        layer="chaos",
        where="sigterm",
        budget=2,
        replacements=(
            Replacement(of="worker.supervisor:Supervisor._obey_stop", by=_stop_when_idle),
        ),
    ),
    Specimen(
        name="wakes_by_messages_only",
        summary="a task whose message is lost waits until somebody enqueues another one",
        provenance="https://github.com/timgit/pg-boss/issues/850",
        anomalies=frozenset({"lost-wakeup", "late", "stuck"}),
        layer="chaos",
        where="lost_notifications",
        budget=2,
        databases=("postgresql",),
        covered_by="the other databases send no messages, and their workers ask again and again",
        replacements=(Replacement(of="worker.desk:Desk._plan_next_look", by=_wait_to_be_told),),
    ),
)
