"""What the log says of tasks: a line for each change, with fields for programs that read it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from background_task.error_texts import naming_line
from background_task.outcomes import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.claims import Claim
    from background_task.outcomes import Outcome

logger = logging.getLogger("background_task")


def log_failure(failed: Failed, *, show_traceback: bool) -> None:
    """Log a failed attempt, and whether it was the last one."""
    claim = failed.claim
    logger.warning(
        "%s #%d failed at attempt %d of %d%s: %s",
        claim.task_name,
        claim.id,
        claim.attempt,
        claim.max_attempts,
        ", its last" if failed.is_last else "",
        failed.error if show_traceback else naming_line(failed.error, failed.exception),
        extra=fields("failed", claim) | {"exception": failed.exception},
    )


def log_exchange(
    recorded: Sequence[Outcome], stale: Sequence[Claim], claimed: Sequence[Claim]
) -> None:
    """Log what one transaction wrote: ends, of which some were stale, and new claims."""
    for claim in stale:
        logger.warning("%s #%d: its end came too late", claim.task_name, claim.id)
    if logger.isEnabledFor(logging.DEBUG):
        for outcome in recorded:
            # A failure was logged when it was heard of.
            if not isinstance(outcome, Failed) and outcome.claim not in stale:
                log_change(type(outcome).__name__.lower(), outcome.claim)
        for claim in claimed:
            log_change("claimed", claim)


def log_change(change: str, claim: Claim) -> None:
    """Log what became of a task, for whoever turned on the level DEBUG."""
    logger.debug(
        "%s #%d %s, attempt %d",
        claim.task_name,
        claim.id,
        change,
        claim.attempt,
        extra=fields(change, claim),
    )


def fields(change: str, claim: Claim) -> dict[str, object]:
    """Return what a line of the log has for programs that read it."""
    return {
        "change": change,
        "task_name": claim.task_name,
        "task_id": claim.id,
        "queue": claim.queue,
        "attempt": claim.attempt,
        "token": claim.token,
    }
