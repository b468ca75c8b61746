"""Whatever kind of task a queue has, its body is what is delivered."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import celery
import pytest
from django.contrib.auth.models import Group

from background_task import background
from background_task.compat import task as django_task
from properties import NotIdempotentError, assert_idempotent
from properties.idempotency_tasks import create, insert

if TYPE_CHECKING:
    from collections.abc import Callable

# Django 6.1 wants a setting that Django 5.2 does not have.
pytestmark = pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer")

KINDS: dict[str, Callable[[Any], Any]] = {
    "function": lambda body: body,
    "background": lambda body: background(name=f"properties.{body.__name__}")(body),
    "django_tasks": lambda body: django_task()(body),  # noqa: PLW0108 - each its own
    "celery": lambda body: celery.Celery(set_as_current=False).task(body),
    "partial": functools.partial,
    "dramatiq": lambda body: SimpleNamespace(fn=body),
    "huey": lambda body: SimpleNamespace(func=body),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_of_any_queue_is_delivered_by_its_body(db: None, kind: str) -> None:
    """A right body passes and a wrong one is caught, whoever would call it."""
    assert_idempotent(KINDS[kind](create), "x", max_examples=5)

    with pytest.raises(NotIdempotentError, match="insert"):
        assert_idempotent(KINDS[kind](insert), "x")


def test_a_bound_celery_task_gets_itself(db: None) -> None:
    """As in a worker."""

    def body(self: Any, name: str) -> None:
        create(f"{name} {self.name}")

    assert_idempotent(celery.Celery(set_as_current=False).task(bind=True, name="b")(body), "x")


async def create_async(name: str) -> None:
    """Make a group, in a coroutine."""
    await Group.objects.aget_or_create(name=name)


@pytest.mark.django_db(transaction=True)
def test_an_async_function_is_run() -> None:
    """It is waited for, and its statements are those of this thread."""
    assert_idempotent(create_async, "x", max_examples=5)
