"""``@background``: options are checked when a task is declared and when it is called."""

from __future__ import annotations

import datetime
import functools
import math
from typing import TYPE_CHECKING, Any

import pytest

from background_task import TaskArgumentsError, TaskOptionsError, UnknownTaskError, background
from background_task.models import ScheduledTask
from background_task.registry import registry
from engine.project.tasks import send_mail, write_invoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings as ProjectSettings

    from background_task.databases import QueueDatabase
    from background_task.tasks import TaskProxy


def _pay(order: str, *, cents: int = 0) -> str:
    """Pay an order."""
    return f"{order}: {cents}"


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Forget the tasks that a test registers."""
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


def _declare(**options: Any) -> TaskProxy[..., str]:
    return background(**options)(_pay)


def test_the_decorator_is_used_bare_with_a_name_or_with_options() -> None:
    """All three forms register the same function."""
    bare = background(_pay)
    named = background("shop.pay")(_pay)
    optioned = background(name="shop.pay_soon", schedule=60)(_pay)

    assert [bare.name, named.name, optioned.name] == [
        f"{__name__}._pay",
        "shop.pay",
        "shop.pay_soon",
    ]
    assert registry.find("shop.pay").task_function is _pay


def test_a_task_keeps_its_functions_face() -> None:
    """Documentation tools see the function, and people see what it is."""
    task = _declare(name="shop.pay")

    assert (task.__doc__, vars(task)["__name__"]) == ("Pay an order.", "_pay")
    assert str(task) == "TaskProxy(shop.pay)"


def test_now_calls_the_function(database: QueueDatabase) -> None:
    """A direct call runs here and enqueues nothing."""
    assert _declare().now("a", cents=5) == "a: 5"
    assert not ScheduledTask.objects.exists()


def test_a_task_may_be_declared_twice() -> None:
    """Importing a module again is no mistake; another function of the same name is one."""
    _declare(name="shop.pay")
    _declare(name="shop.pay")

    with pytest.raises(TaskOptionsError, match="have the same name; give one a name="):
        background(name="shop.pay")(test_a_task_may_be_declared_twice)


def test_a_name_that_nobody_registered_is_an_error() -> None:
    """The error says what may have happened."""
    with pytest.raises(UnknownTaskError, match=r"under the name 'shop\.refund': was it renamed"):
        registry.find("shop.refund")


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("name", "x" * 191, "is not a text of 1 to 190 characters"),
        ("name", 60, "name 60 is not a text"),
        ("queue", "a\0b", r"queue 'a\x00b' is not a text of 1 to 190 characters"),
        ("queue", "", "queue '' is not a text of 1 to 190 characters"),
        ("priority", 2**31, "is not a whole number of 32 bits"),
        ("priority", 1.5, "priority 1.5 is not a whole number"),
        ("priority", True, "priority True is not a whole number"),
        ("max_attempts", 0, "max_attempts 0 is not a whole number above zero"),
        ("max_attempts", 2**31, "is not a whole number above zero"),
        ("timeout", 0, "timeout 0 is not a number of seconds above zero"),
        ("timeout", math.inf, "timeout inf is not a number of seconds above zero"),
        ("timeout", "5", "timeout '5' is not a number of seconds"),
        ("unique", "no", "unique 'no' is not True or False"),
        ("schedule", math.nan, "schedule nan is not seconds, a timedelta, an aware datetime"),
        ("schedule", "tomorrow", "schedule 'tomorrow' is not seconds"),
        ("schedule", datetime.datetime(2020, 1, 1), "is not seconds, a timedelta"),  # noqa: DTZ001
        ("colour", "red", "unexpected keyword argument 'colour'; the options are name, schedule"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(option: str, value: object, problem: str) -> None:
    """A mistake is found when the module is imported, in one sentence."""
    with pytest.raises(TaskOptionsError) as caught:
        _declare(**{option: value})

    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["schedule", "priority", "queue", "unique"])
def test_a_parameter_with_the_name_of_an_option_is_refused(name: str) -> None:
    """Else the function could never get it."""
    scope: dict[str, Any] = {}
    exec(f"def pay({name}): pass", {"__name__": "shop"}, scope)  # noqa: S102 - four signatures

    with pytest.raises(TaskOptionsError, match=f"its parameter '{name}' has the name of a call"):
        background(scope["pay"])


@pytest.mark.parametrize("source", ["async def pay(): ...", "def pay():\n    yield"])
def test_a_function_that_a_call_does_not_run_is_refused(source: str) -> None:
    """An async or generator function would be completed without having done anything."""
    scope: dict[str, Any] = {"__name__": "shop.tasks"}
    exec(source, scope)  # noqa: S102

    with pytest.raises(TaskOptionsError, match="calling it would not run it"):
        background(scope["pay"])


@pytest.mark.parametrize("function", [functools.partial(int, 5), 5])
def test_what_is_no_function_is_refused(function: Any) -> None:
    """It has no name by which a worker could find it."""
    with pytest.raises(TypeError, match=r"background is for functions, and .* is none"):
        background()(function)


def test_options_beside_the_function_are_kept() -> None:
    """As in django-background-tasks, the decorator may be called with both."""
    task: Any = background(_pay, schedule=30, queue="money")

    assert (task.options.schedule, task.options.queue) == (30, "money")


def test_a_call_stores_name_arguments_and_options(database: QueueDatabase) -> None:
    """The row says all that a worker has to know."""
    task = _declare(name="shop.pay", queue="money", priority=5, max_attempts=7, timeout=2.5)

    task("a", cents=5)

    row = ScheduledTask.objects.get()
    assert (row.task_name, row.task_params) == ("shop.pay", '[["a"], {"cents": 5}]')
    assert (row.queue, row.priority, row.max_attempts, row.timeout_seconds) == ("money", 5, 7, 2.5)
    assert (row.attempts, row.token, row.lease_until, row.last_error) == (0, 0, None, "")
    assert str(row) == "shop.pay"


def test_a_call_changes_options_for_itself_only(database: QueueDatabase) -> None:
    """The next call has the task's own options again."""
    task: Any = _declare(queue="money")

    first = task("a", queue="later", priority=9, schedule=3600, unique=False)
    second = task("a")

    assert (first.queue, first.priority) == ("later", 9)
    assert (second.queue, second.priority) == ("money", 0)
    assert second.run_at < first.run_at
    assert not second.is_duplicate


@pytest.mark.parametrize("option", [{"priority": "high"}, {"schedule": ""}, {"unique": 1}])
def test_a_call_with_a_bad_option_enqueues_nothing(
    database: QueueDatabase, option: dict[str, Any]
) -> None:
    """The caller gets a sentence."""
    task: Any = send_mail

    with pytest.raises(TaskOptionsError, match="send_mail make no sense: "):
        task("a", **option)
    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize("value", [object(), math.nan, {1: 2}, "x" * 1_000_000])
def test_a_call_that_cannot_be_stored_enqueues_nothing(database: QueueDatabase, value: Any) -> None:
    """The caller gets a sentence; there is no row, not even a broken one."""
    with pytest.raises(TaskArgumentsError, match="send_mail was not enqueued: "):
        send_mail(value)
    assert not ScheduledTask.objects.exists()


def test_the_longest_arguments_are_a_setting(
    database: QueueDatabase, settings: ProjectSettings
) -> None:
    """A project that wants short rows gets short rows."""
    settings.BACKGROUND_TASK = {"MAX_PARAMS_BYTES": 20}
    write_invoice("a", 1)

    with pytest.raises(TaskArgumentsError, match="the limit is 20; store the data elsewhere"):
        write_invoice("a longer one", 1)
    assert ScheduledTask.objects.count() == 1
