"""The application beside the queue: its own queries, to see what the queue's load costs them.

They go through the models of the project, on connections of their own, and count from their
intended time on; a query that raises counts with the time that it took to raise.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Final

from loadtests.generator.operations import Operation, Reply, fire
from loadtests.generator.roles import Role

if TYPE_CHECKING:
    from locust.event import EventHook

    from loadtests.generator.line import Line
    from loadtests.generator.recording import Recording
    from loadtests.order import Order

ROWS: Final = 300
"""So many invoices there are at least before a load begins."""

_TYPE: Final = "app"


class BystanderQuery(Operation):
    """One of the application's queries: a get by primary key, or a write in a transaction."""

    def __init__(self, order: Order, role: Role, request: EventHook) -> None:
        self._role = role
        self._rng = random.Random(f"{role} {order.seed}")  # noqa: S311 - a load, no secret
        self._request = request
        self._invoices: list[int] = []

    def connect(self) -> None:
        """Set Django up, connect, and write the rows that are missing."""
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "engine.project.settings")
        django.setup()
        self._invoices = _seeded_invoices()

    def send(self, intended_ns: int, recording: Recording, line: Line) -> None:
        """Run the query once."""
        del line
        error: Exception | None = None
        sent_ns = time.monotonic_ns()
        try:
            self._query()
        except Exception as raised:  # noqa: BLE001 - a database under load may raise anything
            error = raised
            _close_broken_connection()
        replied_ns = time.monotonic_ns()
        recording.took(self._role, intended_ns, replied_ns)
        reply = Reply((replied_ns - sent_ns) / 1e6, 0, error)
        fire(self._request, _TYPE, self._role, reply)

    def _query(self) -> None:
        from engine.project.models import Invoice

        invoice = self._rng.choice(self._invoices)
        if self._role is Role.READ:
            Invoice.objects.get(pk=invoice)
        else:
            _write(invoice, is_insert=self._rng.random() < 0.5)  # noqa: PLR2004 - half of them


def _write(invoice: int, *, is_insert: bool) -> None:
    from django.db import transaction

    from engine.project.models import Invoice, Mail

    with transaction.atomic():
        if is_insert:
            Mail.objects.create(order=f"order of invoice {invoice}", sent_by=0)
        else:
            Invoice.objects.filter(pk=invoice).update(written_by=time.monotonic_ns() % 1_000_000)


def _seeded_invoices() -> list[int]:
    """Return the keys of some invoices; two processes at once may write twice as many."""
    from engine.project.models import Invoice

    missing = ROWS - Invoice.objects.count()
    Invoice.objects.bulk_create(
        Invoice(order=f"bystander {number}", written_by=0) for number in range(missing)
    )
    return list(Invoice.objects.order_by("pk").values_list("pk", flat=True)[:ROWS])


def _close_broken_connection() -> None:
    """Have Django connect anew the next time, where a request would have done so at its end."""
    from django.db import connection

    connection.close_if_unusable_or_obsolete()
