"""What the log says of an attempt that failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from background_task.retries import has_attempts_left

if TYPE_CHECKING:
    from background_task.claims import Claim

logger = logging.getLogger("background_task")


def log_failure(claim: Claim, error: str, *, show_traceback: bool) -> None:
    """Log a failed attempt, and whether it was the last one."""
    ends = not has_attempts_left(claim.attempt, claim.max_attempts)
    logger.warning(
        "%s #%d failed at attempt %d of %d%s: %s",
        claim.task_name,
        claim.id,
        claim.attempt,
        claim.max_attempts,
        ", its last" if ends else "",
        error if show_traceback else last_sentence(error),
    )


def last_sentence(error: str) -> str:
    """Return the line of a traceback that names the exception.

    The message may go on below it, on lines that most drivers indent.
    """
    lines = [line for line in error.splitlines() if line and not line[0].isspace()]
    return lines[-1] if lines else error.strip()
