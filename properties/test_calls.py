"""What a call says is what is in its row: each option, given with the task or with the call."""

from __future__ import annotations

import contextlib
import datetime
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_task import background, notifications
from background_task.enqueue import Enqueue, enqueue
from background_task.models import ScheduledTask
from background_task.registry import registry
from background_task.task_options import CALL_OPTIONS
from properties.queue_tables import empty_tables

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

END: Final = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)

_values: Final[dict[str, st.SearchStrategy[Any]]] = {
    "schedule": st.sampled_from([300, datetime.timedelta(hours=1), END]),
    "queue": st.just("mail"),
    "priority": st.sampled_from([-3, 0, 7]),
    "max_attempts": st.integers(1, 9),
    "timeout": st.sampled_from([1.5, 90.0]),
    "unique": st.booleans(),
    "unique_for": st.sampled_from([0.5, 3600.0]),
    "repeat": st.sampled_from([0, 60]),
    "repeat_until": st.just(END),
    "catch_up": st.booleans(),
    "verbose_name": st.just("a call"),
}
_of_tasks: Final = st.fixed_dictionaries({}, optional=_values)
_of_calls: Final = st.fixed_dictionaries(
    {}, optional={name: _values[name] for name in CALL_OPTIONS if name in _values}
)
_COLUMNS: Final = {
    "queue": ("queue", "default", "stuck"),
    "priority": ("priority", 0, "priority-inversion"),
    "max_attempts": ("max_attempts", None, "attempt-overrun"),
    "timeout": ("timeout_seconds", None, "unprovoked-death"),
    "unique_for": ("hold_seconds", None, "dedupe-violation"),
    "repeat": ("repeat", 0, "missed-fire"),
    "repeat_until": ("repeat_until", None, "double-fire"),
    "catch_up": ("catch_up", False, "missed-fire"),
    "verbose_name": ("verbose_name", "", "corruption"),
}
"""By the option its column, its default, and what it is called if the column is another."""


def _order(**details: str) -> None:
    """Take an order."""


def _task(options: dict[str, Any]) -> Any:
    with mock.patch.dict(registry):
        return background(name="properties.order", **options)(_order)


@given(of_the_task=_of_tasks, of_the_call=_of_calls)
def test_every_option_of_a_call_is_in_its_row(
    database: QueueDatabase, of_the_task: dict[str, Any], of_the_call: dict[str, Any]
) -> None:
    """The call's own options come first, then those of the task, then the defaults."""
    empty_tables()
    begun = database.now()
    _task(of_the_task)(size="large", **of_the_call)
    row, options = ScheduledTask.objects.get(), of_the_task | of_the_call

    for option, (column, default, anomaly) in _COLUMNS.items():
        asked, found = options.get(option, default), getattr(row, column)
        assert found == asked, f"{anomaly}: {column} is {found!r}, and {option} was {asked!r}"
    is_unique = row.live_hash is not None
    assert is_unique == options.get("unique", True), f"dedupe-violation: unique is {is_unique}"
    schedule = options.get("schedule", 0)
    if schedule == END:
        assert row.run_at == END, f"premature: {row.run_at}, and it was to be {END}"
        return
    delay = schedule.total_seconds() if isinstance(schedule, datetime.timedelta) else schedule
    least = (row.run_at - database.now()).total_seconds()
    longest = (row.run_at - begun).total_seconds()
    is_then = least - 0.1 <= delay <= longest + 0.1
    assert is_then, f"premature: due in {longest} s, and it was to be {delay} s"


@given(names=st.lists(st.sampled_from("abcd"), min_size=1, unique=True).map(tuple), data=st.data())
def test_keywords_in_another_order_are_the_same_call(
    database: QueueDatabase, names: tuple[str, ...], data: st.DataObject
) -> None:
    """And another keyword, or another value, is another call."""
    empty_tables()
    task = _task({})
    first = task(**dict.fromkeys(names, "same"))
    again = task(**dict.fromkeys(data.draw(st.permutations(names)), "same"))
    assert again.pk == first.pk, "dedupe-violation: the order of keywords made another call"
    assert again.is_duplicate, "dedupe-violation: the order of keywords made another call"

    others = [dict.fromkeys((*names, "e"), "same"), dict.fromkeys(names, "same") | {"a": "new"}]
    for other in others:
        assert not task(**other).is_duplicate, f"false-dedupe: {other} is another call"


def test_a_call_wakes_idle_workers(database: QueueDatabase) -> None:
    """They hear of it when it commits, where the database can pass a message on."""
    if database.dialect.wakes_by != "notify":
        pytest.skip("this database passes no messages on; its workers ask again and again")
    notifications._sent_at.clear()
    with contextlib.closing(database.connection.copy()) as listening:
        listening.cursor().execute(f"LISTEN {notifications.CHANNEL}")
        enqueue(Enqueue(task_name="task", task_params="[[], {}]"))
        messages = list(listening.connection.notifies(timeout=10, stop_after=1))

    assert messages, "lost-wakeup: a call was enqueued, and nobody was told"
