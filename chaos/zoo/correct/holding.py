"""Fences that are part of a write, in place of a lock that is taken to look at the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.zoo.engine import ChangedEngine
from chaos.zoo.replacing import Replacement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase


def _hold_by_write(_real: object, database: QueueDatabase, claims: Sequence[Claim]) -> list[Claim]:
    # In the order in which everybody writes to rows, so that two batches are no deadlock.
    held = {claim for claim in sorted(claims) if _is_written(database, claim)}
    return [claim for claim in claims if claim in held]


def _is_written(database: QueueDatabase, claim: Claim) -> bool:
    written = database.execute(
        "UPDATE background_task_scheduledtask SET claimed_by = claimed_by"
        " WHERE id = %s AND token = %s AND lease_until IS NOT NULL",
        (claim.id, claim.token),
    )
    return bool(written.rowcount)


HOLDING: Final = (
    ChangedEngine(
        name="fenced_by_write",
        summary="a write names the token, and the count of its rows tells a stale claim",
        provenance="awa, whose every write names run_lease",
        replacements=(Replacement(of="claims:hold", by=_hold_by_write),),
    ),
)
