"""Mails: Django's outbox, in which each mail is an effect, and part of the state."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from unittest import mock

from properties.idempotency import lives
from properties.idempotency.facts import plain_fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from properties.idempotency.facts import Fact


class Outbox(list[Any]):
    """``django.core.mail.outbox``, in which each mail is an effect."""

    def append(self, message: Any) -> None:
        """Send a mail."""
        life = lives.current()
        if life is None:
            return super().append(message)
        with life.effect(f"the mail {message.subject!r} to {', '.join(message.to)}"):
            super().append(message)
        return None


@contextlib.contextmanager
def empty_outbox() -> Iterator[Outbox]:
    """Lay an empty outbox in the place of Django's."""
    from django.core import mail

    outbox = Outbox()
    with mock.patch.object(mail, "outbox", outbox, create=True):
        yield outbox


def mails_in(outbox: Outbox) -> Iterator[Fact]:
    """Give the mails."""
    for message in outbox:
        columns = {"subject": str(message.subject), "body": str(message.body)}
        yield plain_fact("mail", {"to": ", ".join(message.to), **columns})
