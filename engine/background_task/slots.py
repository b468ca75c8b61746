"""When a periodic task runs next: by an interval or by a cron expression.

Pure: the clock, the last slot and the time zone are arguments. Every slot is later than the one
before it, so no slot is returned twice.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANY_TIME: Final = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


class CronError(ValueError):
    """A cron expression that cannot be read, or that no time ever matches."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Which slots a periodic task has: ``cron``, or if that is empty, ``repeat``.

    Attributes:
        repeat: seconds from one slot to the next.
        repeat_until: no slot after this time.
        cron: five fields as in crontab(5), or six with seconds first.
        catch_up: whether every missed slot runs; else one run stands for all that were missed.
    """

    repeat: int = 0
    repeat_until: datetime.datetime | None = None
    cron: str = ""
    catch_up: bool = False


def next_slot(
    rhythm: Rhythm, *, slot: datetime.datetime, now: datetime.datetime, zone: datetime.tzinfo
) -> datetime.datetime | None:
    """Return the slot after ``slot``, in UTC, or None if it was the last one.

    Slots that passed by ``now`` were missed. Cron expressions speak of the wall clock in ``zone``.

    Raises:
        CronError: the expression cannot be read.
    """
    after = slot if rhythm.catch_up else max(slot, now)
    try:
        if rhythm.cron:
            found = _cron_slot(rhythm.cron, after, zone)
        else:
            found = _interval_slot(slot, rhythm.repeat, after)
    except OverflowError:  # the slot is beyond the end of the calendar
        return None
    is_over = found and rhythm.repeat_until and found > rhythm.repeat_until
    return None if is_over else found


def check_cron(cron: str) -> None:
    """Raise CronError if the expression cannot be read, or has no slot at all."""
    if _cron_slot(cron, _ANY_TIME, datetime.UTC) is None:
        raise CronError(f"cron {cron!r} never comes")


def _interval_slot(
    slot: datetime.datetime, seconds: int, after: datetime.datetime
) -> datetime.datetime:
    step = datetime.timedelta(seconds=seconds)
    # In UTC, where every minute is as long as any other.
    start = slot.astimezone(datetime.UTC)
    return start + step * ((after - start) // step + 1)


def _cron_slot(
    cron: str, after: datetime.datetime, zone: datetime.tzinfo
) -> datetime.datetime | None:
    slots = (slot.astimezone(datetime.UTC) for slot in _slots(cron, after.astimezone(zone)))
    # In the hour that a wall clock shows twice, the library may begin with the first pass.
    return next((slot for slot in slots if slot > after), None)


def _slots(cron: str, start: datetime.datetime) -> Iterator[datetime.datetime]:
    try:
        from cronsim import CronSim, CronSimError
    except ImportError:
        raise CronError(
            "cron needs the package cronsim; install it with: pip install cronsim"
        ) from None
    try:
        return CronSim(cron, start)
    except CronSimError as error:
        raise CronError(f"cron {cron!r} is no cron expression: {str(error).lower()}") from None
