"""One delivery of a task by a plan, as a test takes it, and the invoices that it left."""

from __future__ import annotations

from typing import Any

import pytest

from properties.idempotency.plans import Plan
from properties.idempotency.trial import Call, Outcome, Trial, Wishes

WISHES = Wishes(given=None, observe=None, ignore=(), may_repeat=(), may_raise=())

# A test's own transaction around it must make no difference.
both = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(False, marks=pytest.mark.django_db, id="in a transaction"),
        pytest.param(True, marks=pytest.mark.django_db(transaction=True), id="in none"),
    ],
)


def deliver(task: Any, *kills: int | None) -> Outcome:
    """Deliver a task by a plan, and return what became of it."""
    trial = Trial(task, WISHES)
    with trial.opened():
        return trial.run(Call(args=(), kwargs={}), Plan(kills), everything=True)


def orders(outcome: Outcome) -> list[str]:
    """Return the orders of the invoices that were written, sorted."""
    facts = [fact for fact in outcome.state.facts if fact.table == "shop.Invoice"]
    return sorted(fact.columns["order"].strip("'") for fact in facts)
