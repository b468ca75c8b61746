"""The Locust User of the load generator: one of the concurrent senders of its process."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from locust import User, task
from locust.exception import StopUser

if TYPE_CHECKING:
    from loadtests.generator.sending import Sending


class Sender(User):
    """Sends what its process's schedule has next, and ends with the schedule."""

    sending: ClassVar[Sending | None] = None

    def on_start(self) -> None:
        """Connect, unless the step must not start."""
        if self.sending is not None:
            self.sending.join()

    @task
    def send(self) -> None:
        """Send until the schedule is over."""
        if self.sending is not None:
            self.sending.send_all()
        raise StopUser
