"""One worker without its loop: what a turn of the supervisor does, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from background_task.monitoring.observations import Observations
from background_task.settings import Settings
from background_task.terms import Terms
from background_task.worker.crew import Crew
from background_task.worker.desk import Desk
from background_task.worker.holdings import Holdings
from background_task.worker.options import Options
from background_task.worker.presence import Presence
from properties.desk.children import AT_ONCE, Child
from properties.desk.clock import LEASE
from properties.desk.judge import Beliefs, name_of

if TYPE_CHECKING:
    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from properties.desk.clock import Clock

QUEUE: Final = "desk"
TASK: Final = "desk.task"
SECONDS: Final = 0.03
"""How long a task runs, as children tell it: so short that each is handed a few at once."""


class Worker:
    """The real desk, holdings and crew, with children that are no processes.

    Attributes:
        children: those of the crew; who died is replaced.
    """

    def __init__(self, database: QueueDatabase, owner: str, clock: Clock) -> None:
        options = Options(
            workers=AT_ONCE,
            duration_seconds=None,
            sleep_seconds=500.0,
            show_tracebacks=False,
            terms=terms_of(owner),
            settings=Settings(notify=False),
        )
        self.owner = owner
        self.holdings = Holdings()
        observations = Observations()
        self._crew = Crew(database, options, self.holdings, observations, -1)
        presence = Presence(database, options, observations)
        self.desk = Desk(database, options, self.holdings, self._crew, presence)
        self.children: list[Any] = self._crew.children
        self._clock = clock
        self._begun: set[Claim] = set()
        for _ in range(30):
            self._crew._durations.note(TASK, SECONDS)

    def hand_out(self) -> None:
        """Have as many children as there should be, and give them what waits."""
        if self.desk.may_claim:
            while len(self.children) < AT_ONCE:
                self.children.append(Child(self._clock, self._begun))
            self._crew.hand_out()

    def listen(self) -> None:
        """Hear what children said, bury the dead, and ask for what has to come back."""
        self._crew.listen()
        self._crew.bury_dead()
        if not self.desk.may_claim:
            self._crew.return_unstarted()
        self._crew.enforce_timeouts()

    def beliefs(self) -> Beliefs:
        """Return what it knows of itself."""
        alive = [
            claim for child in self.children if child.is_alive for claim in child.handed.values()
        ]
        return Beliefs(
            held={name_of(claim) for claim in self.desk.held()},
            startable=[name_of(claim) for claim in (*self.holdings.waiting, *alive)],
            may_have_forgotten=self.desk.outage.is_on,
        )


def terms_of(owner: str) -> Terms:
    """Return the terms of a worker that never runs out of attempts or of time."""
    return Terms(
        owner=owner,
        lease_seconds=LEASE,
        max_attempts=1000,
        timeout_seconds=1e6,
        queues=(QUEUE,),
    )
