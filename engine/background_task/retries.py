"""Whether and when a task runs again: pure decisions, no clock and no database."""

from __future__ import annotations

import dataclasses
import logging
import random
from typing import TYPE_CHECKING

from background_task.exceptions import LONGEST_SECONDS, Discard, InvalidTaskError, Retry

if TYPE_CHECKING:
    from background_task.settings import Settings
    from background_task.task_options import Backoff

logger = logging.getLogger("background_task")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a task whose attempt failed.

    Attributes:
        pause_seconds: it runs again after this time, if it has attempts left.
        is_final: it does not run again, whatever attempts are left.
    """

    pause_seconds: float
    is_final: bool = False


def has_attempts_left(attempt: int, max_attempts: int) -> bool:
    """Tell whether a task whose attempt number ``attempt`` ended badly may start once more."""
    return attempt < max_attempts


def verdict_on(
    error: BaseException, attempt: int, *, backoff: float | Backoff | None, settings: Settings
) -> Verdict:
    """Decide on a task whose body raised ``error``: it may say itself what it wants."""
    # A subclass may have forgotten to call Retry's constructor.
    after = getattr(error, "after", None) if isinstance(error, Retry) else None
    if after is not None:
        return Verdict(pause_seconds=after)
    try:
        pause = pause_after(error, attempt, backoff=backoff, settings=settings)
    except Discard:
        return Verdict(pause_seconds=0.0, is_final=True)
    return Verdict(pause_seconds=pause, is_final=isinstance(error, Discard | InvalidTaskError))


def pause_after(
    error: BaseException | None,
    attempt: int,
    *,
    backoff: float | Backoff | None,
    settings: Settings,
) -> float:
    """Return the pause that the task's ``backoff`` gives, or else that of the settings.

    Without an exception, as when a task was killed, a function is not asked. It may raise
    ``Discard``.
    """
    if callable(backoff):
        own = _ask(backoff, error, attempt) if error is not None else None
        if own is not None:
            return own
    return backoff_seconds(
        attempt,
        first=backoff if isinstance(backoff, int | float) else settings.backoff_seconds,
        longest=settings.backoff_max_seconds,
    )


def backoff_seconds(attempt: int, *, first: float, longest: float) -> float:
    """Return the pause after attempt number ``attempt``: first, twice that, four times that.

    The pause never exceeds ``longest``. Up to a tenth is added by chance, so that tasks which
    failed together do not come back together.
    """
    doubled = first * 2.0 ** min(attempt - 1, 60)
    return min(doubled, longest) * random.uniform(1.0, 1.1)  # noqa: S311 - spread, not secrecy


def _ask(backoff: Backoff, error: BaseException, attempt: int) -> float | None:
    """Return what a task's own function says; nonsense is logged and means the default."""
    try:
        seconds = backoff(error, attempt)
        if seconds is None or 0 <= seconds <= LONGEST_SECONDS:
            return seconds
        problem = f"returned {seconds!r}, which is no number of seconds from 0 on"
    except Discard:
        raise
    # It is the user's code, and the task's fate must not depend on its mistakes.
    except Exception as mistake:  # noqa: BLE001
        problem = f"raised {mistake!r}"
    logger.error("backoff of attempt %d %s; the default is taken instead", attempt, problem)
    return None
