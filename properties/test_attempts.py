"""What the end of a body means for its task: a pause that grows, a wish, a dead letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from background_task import Discard, Retry, background, claims, outcomes
from background_task.attempt import run_attempt
from background_task.enqueue import Enqueue, enqueue
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from background_task.monitoring import control
from background_task.registry import registry
from background_task.settings import Settings
from properties.machine import TERMS
from properties.queue_tables import empty_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from background_task.databases import QueueDatabase

FIRST: Final = 40.0
LONGEST: Final = 130.0
WISH: Final = 700.0
SETTINGS: Final = Settings(backoff_seconds=FIRST, backoff_max_seconds=LONGEST)
MOST: Final = 5

# As what they raise says it: by the number of the attempt the pause, or None for a dead letter.
_PAUSES: Final[dict[str, Callable[[int], float | None]]] = {
    "error": lambda attempt: min(FIRST * 2 ** (attempt - 1), LONGEST),
    "exit": lambda attempt: min(FIRST * 2 ** (attempt - 1), LONGEST),
    "retry": lambda attempt: min(FIRST * 2 ** (attempt - 1), LONGEST),
    "retry after": lambda _: WISH,
    "discard": lambda _: None,
}
_ends: Final = st.sampled_from(["error", "error", "error", "exit", "retry", "retry after"])


def _raised(end: str) -> BaseException:
    wishes = {"exit": SystemExit(1), "retry": Retry(), "retry after": Retry(after=WISH)}
    return {"error": OSError("no paper"), "discard": Discard(), **wishes}[end]


def _body_that_ends(ends: Iterator[str]) -> Any:
    def body() -> str:
        end = next(ends)
        if end == "return":
            return "done"
        raise _raised(end)

    with mock.patch.dict(registry):
        return background(name="properties.ends")(body)


def _pause_after(database: QueueDatabase) -> tuple[str, float, float]:
    """Run an attempt; return what the body raised, and the bounds of the pause that follows."""
    with database.transaction():
        (claim,) = claims.claim(database, TERMS, limit=1)
    begun = database.now()
    try:
        ended = run_attempt(claim, SETTINGS)
    except BaseException as error:
        raise AssertionError(f"unprovoked-death: a body ended its worker by {error!r}") from error
    with database.transaction():
        assert not outcomes.record(database, [ended], keep_completed=True)
    row = ScheduledTask.objects.filter(id=claim.id).first()
    if row is None:
        return "", 0.0, 0.0
    longest = (row.run_at - begun).total_seconds()
    return "waits", longest - (database.now() - begun).total_seconds(), longest


@given(
    ends=st.lists(_ends, max_size=MOST), last=st.sampled_from(["return", "discard"]),
    most=st.integers(1, MOST),
)  # fmt: skip
def test_what_a_body_raises_decides_when_it_runs_again(
    database: QueueDatabase, ends: list[str], last: str, most: int
) -> None:
    """Pauses double up to the longest, ``Retry`` has its wish, ``Discard`` is the end."""
    empty_tables()
    task = _body_that_ends(iter([*ends, last]))
    enqueue(Enqueue(task_name=task.name, task_params="[[], {}]", max_attempts=most))
    run = [*ends, last][:most]

    with mock.patch.dict(registry, {task.name: task}):
        for attempt, end in enumerate(run, start=1):
            place, least, longest = _pause_after(database)
            pause = None if end == "return" else _PAUSES[end](attempt)
            if attempt == most or pause is None:
                assert not place, f"attempt-overrun: it waits again after {end!r}, {attempt}"
                continue
            assert place, f"early-dead-letter: after {end!r}, attempt {attempt} of {most}"
            is_right = least <= 1.1 * pause + 0.1 and longest >= pause - 0.1
            assert is_right, f"backoff-violation: {longest} s after {end!r}, attempt {attempt}"
            control.run_now(database, list(ScheduledTask.objects.values_list("id", flat=True)))

    ended_well = run[-1] == "return"
    assert CompletedTask.objects.count() == ended_well, "lost: an end that was good"
    assert FailedTask.objects.count() == (not ended_well), "lost: a task that failed for good"
