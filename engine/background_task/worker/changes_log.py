"""What the log says of tasks: a line for each change, with fields for programs that read it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from background_task.claims import Claim
    from background_task.outcomes import Failed

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
        failed.error if show_traceback else last_sentence(failed.error, failed.exception),
        extra=fields("failed", claim) | {"exception": failed.exception},
    )


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


def last_sentence(error: str, exception: str = "") -> str:
    """Return the line of a traceback that names the exception, and not one of its message."""
    lines = [line for line in error.splitlines() if line and not line[0].isspace()]
    named = [line for line in lines if line.startswith(exception.removeprefix("builtins."))]
    return (named or lines or [error.strip()])[-1]
