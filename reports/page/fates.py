"""What became of every task, and how long it waited for its first start.

The worst of what happened to a task is its fate. Where checkers named all their witnesses, no other
task gets such a fate; where there were more than they named, the others are found by short rules.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reports.page.attempts import Attempt
    from reports.page.timeline import Timeline
    from reports.schema import CheckResult, Op


class Fate(enum.StrEnum):
    """How a task ended, the best first."""

    OK = "ok once"
    RETRIED = "retried"
    DEAD_LETTERED = "dead-lettered"
    UNKNOWN = "unknown"
    DUPLICATED = "duplicated"
    STUCK = "stuck"
    LOST = "lost"


_NAMED = {
    "lost": Fate.LOST,
    "vanished": Fate.LOST,
    "stuck": Fate.STUCK,
    "limbo": Fate.STUCK,
    "duplicated-effect": Fate.DUPLICATED,
}

_SETTLING = {"lost", "stuck", "duplicated-effect"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TaskPoint:
    """One task: when it was first due, how long it waited for a start, and its fate.

    ``waited`` is None for a task that was never started.
    """

    task: str
    due: float
    waited: float | None
    fate: Fate


@dataclasses.dataclass(slots=True)
class _Told:
    """What the history has told of one task so far."""

    enqueued: float | None = None
    is_acknowledged: bool = False
    due: float | None = None
    rows: int = 0
    enqueues: int = 0
    ends: int = 0
    effects: int = 0
    is_dead_lettered: bool = False
    is_live: bool = False
    is_overdue: bool = False
    first_start: float | None = None
    starts: int = 0
    bad_ends: int = 0


def find_fates(
    ops: Iterable[Op],
    attempts: Iterable[Attempt],
    checks: Sequence[CheckResult],
    timeline: Timeline,
) -> list[TaskPoint]:
    """Find what became of every task that was enqueued, by when it was due."""
    told: dict[str, _Told] = {}
    final_read = False
    for op in ops:
        if op.f == "final-read":
            final_read = True
        elif op.task is not None and op.f in _HEARD:
            _HEARD[op.f](told.setdefault(op.task, _Told()), op, timeline.seconds(op))
    for attempt in attempts:
        if attempt.task in told:
            _hear_attempt(told[attempt.task], attempt)
    named, settled = _named(checks), _settled(checks)
    points = [
        _point(task, story, named.get(task) or _fate(story, settled, final_read=final_read))
        for task, story in told.items()
        if story.is_acknowledged or story.starts or story.rows
    ]
    return sorted(points, key=lambda point: point.due)


def _named(checks: Sequence[CheckResult]) -> Mapping[str | None, Fate]:
    """The fates that checkers gave, the worst of each task."""
    found = [
        (fate, anomaly.task)
        for check in checks
        if check.is_forbidden and (fate := _NAMED.get(check.name.replace("_", "-")))
        for anomaly in check.anomalies
    ]
    order = list(Fate)
    return {task: fate for fate, task in sorted(found, key=lambda pair: order.index(pair[0]))}


def _settled(checks: Sequence[CheckResult]) -> set[Fate]:
    """The fates of which checkers named every task, or found none."""
    judged = [check for check in checks if check.verdict is not Verdict.UNKNOWN]
    names = {check.name.replace("_", "-") for check in judged} & _SETTLING
    more = {
        _NAMED.get(check.name.replace("_", "-"))
        for check in judged
        if check.count > len(check.anomalies)
    }
    return {_NAMED[name] for name in names} - more


def _fate(story: _Told, settled: set[Fate], *, final_read: bool) -> Fate:
    is_done = story.ends > 0 or (story.effects > 0 and not story.is_live)
    if story.is_dead_lettered:
        return Fate.DEAD_LETTERED
    for fate, applies in (
        (Fate.LOST, final_read and story.is_acknowledged and not (story.is_live or story.effects)),
        (Fate.STUCK, story.is_overdue and not is_done),
        # Each of its rows may have one effect, and one more for every attempt that ended badly.
        (Fate.DUPLICATED, story.effects > max(story.rows, story.enqueues) + story.bad_ends),
    ):
        if applies and fate not in settled:
            return fate
    if not is_done:
        return Fate.UNKNOWN
    return Fate.RETRIED if story.starts > max(story.ends, 1) else Fate.OK


def _point(task: str, story: _Told, fate: Fate) -> TaskPoint:
    known = (story.due, story.enqueued, story.first_start, 0.0)
    due = next(moment for moment in known if moment is not None)
    waited = None if story.first_start is None else max(story.first_start - due, 0.0)
    return TaskPoint(task=task, due=due, waited=waited, fate=fate)


def _hear_enqueue(story: _Told, op: Op, seconds: float) -> None:
    if op.type == "invoke" and story.enqueued is None:
        story.enqueued = seconds + _number(op.value.get("delay_seconds"))
    if op.type == "ok":
        story.is_acknowledged = True
        story.enqueues += not op.value.get("duplicate")


def _hear_created(story: _Told, op: Op, seconds: float) -> None:
    story.rows += 1
    if story.due is None:
        run_at, now = op.value.get("run_at"), op.database_time
        # The database says how long it is still to wait; its clock is compared with nothing else.
        later = _number(run_at) - now if run_at is not None and now is not None else 0.0
        story.due = seconds + max(later, 0.0)


def _hear_finish(story: _Told, _op: Op, _seconds: float) -> None:
    story.ends += 1


def _hear_dead_letter(story: _Told, _op: Op, _seconds: float) -> None:
    story.is_dead_lettered = True


def _hear_effect(story: _Told, op: Op, _seconds: float) -> None:
    story.effects += op.type == "ok"


def _hear_row(story: _Told, op: Op, _seconds: float) -> None:
    state, run_at = op.value.get("state"), op.value.get("run_at")
    story.ends += state == "completed" and not story.ends
    story.is_dead_lettered = story.is_dead_lettered or state == "failed"
    if state in ("waiting", "claimed"):
        story.is_live = True
        is_later = op.database_time is not None and _number(run_at) > op.database_time
        story.is_overdue = story.is_overdue or not is_later


def _hear_attempt(story: _Told, attempt: Attempt) -> None:
    story.starts += 1
    story.bad_ends += attempt.outcome != "ok"
    if story.first_start is None or attempt.start < story.first_start:
        story.first_start = attempt.start


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


_HEARD = {
    "enqueue": _hear_enqueue,
    "created": _hear_created,
    "finish": _hear_finish,
    "dead-letter": _hear_dead_letter,
    "effect": _hear_effect,
    "row": _hear_row,
}
