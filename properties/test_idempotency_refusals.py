"""What cannot be judged is refused in one sentence that says what to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from engine.project.models import Invoice
from properties import CannotTellError, assert_idempotent
from properties.idempotency_tasks import create

# Django 6.1 wants a setting that Django 5.2 does not have.
pytestmark = pytest.mark.filterwarnings("ignore:Django .* will not have a default mailer")


def raises(name: str) -> None:
    """Look for what is not there."""
    Invoice.objects.get(order=name)


def idle(name: str) -> None:
    """Do nothing."""


def commits_by_hand(name: str) -> None:
    """End the transaction behind Django's back."""
    create(name)
    with connection.cursor() as cursor:
        cursor.execute("COMMIT")


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "raises": (raises, {}, r"raises DoesNotExist when it is delivered for the first time"),
    "no effect": (idle, {}, "idle changes nothing that is compared"),
    "wrong ignore": (create, {"ignore": ["shop.Imvoice"]}, "ignore names 'shop.Imvoice'"),
    "wrong field": (create, {"ignore": ["shop.Invoice.odrer"]}, "ignore names"),
    "wrong effect": (create, {"effects": ["shop.charge"]}, "There is no effect 'shop.charge'"),
    "unknown effect": (create, {"effects": [lambda: None]}, "is found in no module"),
    "no task": (7, {}, "7 is no task"),
    "raw commit": (commits_by_hand, {}, "runs 'COMMIT', which the database cannot take back"),
    "context": (SimpleNamespace(takes_context=True, call=idle), {}, "takes a context"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_judged_is_refused_in_one_sentence(db: None, case: str) -> None:
    """The sentence names what is wrong and what to do; nothing passes silently."""
    task, wishes, words = REFUSED[case]

    with pytest.raises(CannotTellError, match=words) as caught:
        assert_idempotent(task, "x", **wishes)

    assert "\n" not in str(caught.value)
    assert not Group.objects.exists()


def test_a_task_without_effect_passes_if_that_is_meant(db: None) -> None:
    """It has to be said."""
    assert_idempotent(idle, "x", allow_no_effect=True)


def test_without_a_database_the_sentence_says_how_to_get_one() -> None:
    """A test without database access is told, and no database is touched."""
    with pytest.raises(CannotTellError, match="use the fixture assert_idempotent"):
        assert_idempotent(create, "x")
