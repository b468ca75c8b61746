"""A broker that keeps what it was sent in a list, for tests that deliver by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from background_task.dispatch.messages import Message

PATH = f"{__name__}.Outbox"


class Outbox:
    """A dispatcher; the attributes are those of all its objects."""

    messages: ClassVar[list[Message]] = []
    error: ClassVar[Exception | None] = None
    on_message: ClassVar[Callable[[Message], object] | None] = None

    def send(self, messages: Sequence[Message]) -> None:
        """Keep the messages, then fail if the test wants that: they arrived, and nobody knows."""
        self.messages.extend(messages)
        deliver = type(self).on_message
        for message in messages:
            if deliver is not None:
                deliver(message)
        if self.error is not None:
            raise self.error
